"""Start a runner: arguments that the tools share, and processes on CPU."""

from __future__ import annotations

import argparse
import gc
import logging
import os
import os.path as osp
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from mmaction.registry import RUNNERS
from mmengine import dist
from mmengine.config import Config, DictAction
from mmengine.dist import init_dist
from mmengine.logging import MessageHub, print_log
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import nn

from ..datasets.cache import is_cache
from ..skeletons import BUILTIN_LAYOUTS, get_layout
from .class_names import spread_class_names
from .data import ann_file_of, innermost, serve_caches, stream_features
from .load import substitute_transforms

__all__ = [
    'add_common_arguments',
    'bare_model',
    'build_runner',
    'check_annotations',
    'check_training',
    'join_processes',
    'leave_group',
    'log_warnings',
    'merge_options',
    'num_classes_of',
    'one_line_errors',
    'set_work_dir',
    'training_began',
]


def add_common_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that training and testing share.

    Args:
        parser (argparse.ArgumentParser): The tool's parser.
    """
    parser.add_argument(
        '--work-dir',
        help='directory for logs, checkpoints and figures; the default is '
        "the config's, or work_dirs/ followed by its name, with the names of "
        'the mixins behind it',
    )
    parser.add_argument(
        '--with',
        dest='mixins',
        nargs='+',
        default=[],
        metavar='MIXIN',
        help='method mixins to merge into the config, in this order: a short '
        'name (shapmix, stmix, balsoftmax) or a config file',
    )
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        metavar='KEY=VALUE',
        help='settings to override, such as optim_wrapper.optimizer.lr=0.05; '
        'lists are written key="[a,b]"',
    )
    parser.add_argument(
        '--launcher',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='how several processes were started',
    )
    # torch.distributed.launch passes it; torchrun sets the variable.
    parser.add_argument(
        '--local_rank',
        '--local-rank',
        type=int,
        default=0,
        help=argparse.SUPPRESS,
    )


@contextmanager
def one_line_errors(
    began: Callable[[], bool] = lambda: False,
) -> Iterator[None]:
    """End a tool in one line where a config, an option or a file is wrong.

    ``SHAPMIX_TRACEBACK=1`` in the environment shows where it was found.

    Args:
        began (Callable): Whether the work has begun, so that an error is no
            longer one of its input. Defaults to never.

    Yields:
        None: Nothing.
    """
    try:
        yield
    except (ImportError, LookupError, OSError, TypeError, ValueError) as error:
        if os.environ.get('SHAPMIX_TRACEBACK') or began():
            raise
        # A KeyError is printed with quotes around its text.
        first = error.args[0] if isinstance(error, KeyError) else error
        sys.exit(f'error: {" ".join(str(first).split())}')


def training_began() -> bool:
    """Tell whether the runner of this process has taken a step."""
    info = MessageHub.get_current_instance().runtime_info
    return bool(info.get('iter', 0))


def merge_options(cfg: Config, args: argparse.Namespace) -> None:
    """Merge ``--cfg-options``, and exchange the transforms that they name.

    The number of classes of a blend that is the head's stays the head's.

    Args:
        cfg (Config): The config, changed in place.
        args (argparse.Namespace): Parsed arguments.

    Raises:
        ValueError: If an option is no dotted path of names and numbers.
    """
    if args.cfg_options is None:
        return
    for option in args.cfg_options:
        for part in option.split('.'):
            if not (part.isidentifier() or part.isdigit()):
                raise ValueError(
                    f'--cfg-options {option}: {part!r} is no key; write '
                    'KEY.KEY=VALUE, also for a key that the config lacks'
                )
    head, blend = _counted(cfg)
    alike = head.get('num_classes') == blend.get('num_classes')
    cfg.merge_from_dict(args.cfg_options)
    head, blend = _counted(cfg)
    told = 'model.data_preprocessor.blending.num_classes' in args.cfg_options
    if alike and not told and 'num_classes' in blend:
        blend['num_classes'] = head['num_classes']
    substitute_transforms(cfg)


def _counted(cfg: Config) -> tuple[dict, dict]:
    """Head and blend of a config; empty where there is none."""
    model = cfg.get('model') or {}
    blend = (model.get('data_preprocessor') or {}).get('blending')
    return model.get('cls_head') or {}, blend or {}


def check_training(runner: Runner) -> None:
    """Refuse a training whose parts do not fit, before it starts.

    Args:
        runner (Runner): The runner, whose training data are built.

    Raises:
        ValueError: If the training set makes no batch, or the blend pastes
            bones, or parts of a body's joints, where the samples have none.
    """
    loop = runner.train_loop
    blend = getattr(bare_model(runner).data_preprocessor, 'blending', None)
    _check_blend(blend, stream_features(loop.dataloader.dataset))
    if len(loop.dataloader) or type(loop).__name__ == 'SteplessTrainLoop':
        return
    batch, samples = loop.dataloader.batch_size, len(loop.dataloader.dataset)
    raise ValueError(
        f'the training takes no step: its set has {samples} samples, '
        f'train_dataloader.batch_size is {batch} and drop_last is set; give '
        'a smaller batch_size or drop_last=False'
    )


def _check_blend(blend: Any, feats: tuple[str, ...]) -> None:
    kind = type(blend).__name__
    if getattr(blend, 'bones', None) is not None and feats != ('j',):
        raise ValueError(
            f"{kind} has space='bone', which takes joint "
            "coordinates (feats=['j']), but the training pipeline makes "
            f'{list(feats)}; set model.data_preprocessor.blending.space=joint'
        )
    # COCO has as many joints as limbs, so that no count would tell.
    if (
        feats == ('limb',)
        and getattr(blend, 'pastes_parts', False)
        and blend.layout in map(get_layout, BUILTIN_LAYOUTS)
    ):
        raise ValueError(
            f'{kind} pastes parts of layout {blend.layout.name!r}, which are '
            'of joints, but GeneratePoseTarget(with_limb=True) draws limbs; '
            'train on joints, or give a layout whose parts are of limbs, a '
            'dict, as model.data_preprocessor.blending.layout'
        )


def set_work_dir(cfg: Config, args: argparse.Namespace) -> None:
    """Choose the work directory: argument, then config, then config's name.

    Without the argument it bears the mixins' names, so that a method does not
    write over the checkpoints of the config alone.

    Args:
        cfg (Config): The config, changed in place.
        args (argparse.Namespace): Parsed arguments.
    """
    if args.work_dir is not None:
        cfg.work_dir = args.work_dir
        return
    stem = osp.splitext(osp.basename(args.config.split('::')[-1]))[0]
    own = cfg.get('work_dir') or osp.join('work_dirs', stem)
    mixins = (osp.splitext(osp.basename(path))[0] for path in args.mixins)
    cfg.work_dir = '_'.join([own.rstrip('/'), *mixins])


def check_annotations(cfg: Config, *loaders: str) -> None:
    """Miss an annotation file before anything is built.

    Stock PoseDatasets that name a cache are made to read it.

    Args:
        cfg (Config): The config, changed in place.
        loaders (str): Names of the dataloaders that will be used.

    Raises:
        FileNotFoundError: If an annotation file does not exist.
    """
    serve_caches(cfg)
    for loader in loaders:
        for node in innermost(cfg.get(loader)):
            path = ann_file_of(node)
            if path and not (osp.isfile(path) or is_cache(path)):
                raise FileNotFoundError(
                    f'{loader}: annotation file {path} does not exist, '
                    f'looked for from {os.getcwd()}. '
                    'MMAction2 publishes ntu60_3d.pkl and ntu120_3d.pkl '
                    '(tools/data/skeleton/README.md there); '
                    'tools/data/prepare_ntu.py, prepare_k400.py and '
                    'prepare_nw_ucla.py make annotation files from raw data '
                    '(docs/data.md); `make demo` needs no download at all'
                )


def build_runner(cfg: Config, args: argparse.Namespace) -> Runner:
    """Build the runner, on CPU processes too.

    mmengine 0.10.7 assumes a GPU per process in two places; with the group
    initialised beforehand and DDP told of no device, gloo on CPU works.

    Args:
        cfg (Config): The complete config.
        args (argparse.Namespace): Parsed arguments.

    Returns:
        Runner: The runner.
    """
    log_warnings()
    spread_class_names(cfg)
    cfg.launcher = args.launcher
    if _join_on_cpu(args):
        cfg.model_wrapper_cfg = dict(
            type='MMDistributedDataParallel',
            device_ids=None,
            broadcast_buffers=False,
            find_unused_parameters=cfg.get('find_unused_parameters', False),
        )
    if 'runner_type' in cfg:
        return RUNNERS.build(cfg)
    return Runner.from_cfg(cfg)


def log_warnings() -> None:
    """Send the package's warnings to the run's log, each once, as sentences.

    They would pass by on the terminal, with file and line, once for each of
    the datasets of a run.
    """
    usual, told = warnings.showwarning, set[str]()
    if getattr(usual, '_logs', False):
        return
    package = osp.dirname(osp.dirname(osp.abspath(__file__)))

    def show(
        message: Any, category: Any, filename: str, *rest: Any, **kwargs: Any
    ) -> None:
        own = osp.abspath(filename).startswith(package + os.sep)
        if not (own and issubclass(category, UserWarning)):
            usual(message, category, filename, *rest, **kwargs)
        elif str(message) not in told:
            told.add(str(message))
            print_log(str(message), 'current', logging.WARNING)

    show._logs = True  # type: ignore[attr-defined]
    warnings.showwarning = show


def join_processes(cfg: Config, args: argparse.Namespace) -> None:
    """Join the other processes in a tool that builds no runner.

    Args:
        cfg (Config): The complete config.
        args (argparse.Namespace): Parsed arguments.
    """
    if args.launcher != 'none' and not _join_on_cpu(args):
        settings = (cfg.get('env_cfg') or {}).get('dist_cfg')
        init_dist(args.launcher, **(settings or dict(backend='nccl')))


def _join_on_cpu(args: argparse.Namespace) -> bool:
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    if args.launcher != 'pytorch' or torch.cuda.is_available():
        return False
    torch.distributed.init_process_group('gloo')
    return True


def leave_group() -> None:
    """Leave the process group together with all ranks, threads and all.

    Call it when nothing holds the runner any more. A gloo thread that is
    still about to drop a tensor when Python shuts down aborts the process
    (pytorch/pytorch#179291), and ``destroy_process_group`` ends its threads
    only once the model that was wrapped with the group is gone, which lives
    on in reference cycles.
    """
    if not dist.is_distributed():
        return
    # A rank that exits first may abort another that still listens to it.
    dist.barrier()
    # A thread of gloo still drops the tensor of that barrier and needs the
    # interpreter for it, which the destructor below holds while it waits for
    # the thread: let it be done first.
    time.sleep(0.2)
    torch.distributed.destroy_process_group()
    time.sleep(0.2)
    gc.collect()


def bare_model(runner: Runner) -> nn.Module:
    """The runner's model without its distributed wrapper.

    Args:
        runner (Runner): The runner.

    Returns:
        nn.Module: The recognizer.
    """
    model = runner.model
    return model.module if is_model_wrapper(model) else model


def num_classes_of(model: nn.Module) -> int:
    """Number of classes of a recognizer's head.

    Args:
        model (nn.Module): The recognizer.

    Returns:
        int: K.

    Raises:
        ValueError: If the model has no ``cls_head.num_classes``.
    """
    head = getattr(model, 'cls_head', None)
    num_classes = getattr(head, 'num_classes', None)
    if num_classes is None:
        raise ValueError(
            f'{type(model).__name__} has no '
            'cls_head.num_classes to count classes for'
        )
    return int(num_classes)
