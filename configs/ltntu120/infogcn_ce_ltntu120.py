_base_ = [
    '../_base_/datasets/ltntu120_xsub.py',
    '../_base_/models/infogcn.py',
    '../_base_/schedules/infogcn.py',
    '../_base_/default_runtime.py',
]

train_dataloader = dict(batch_size=128)
model = dict(cls_head=dict(num_classes=120))
