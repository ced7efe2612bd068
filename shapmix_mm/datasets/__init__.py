"""Long-tailed skeleton datasets, class counts and transforms."""

from .cache import CachedPoseDataset
from .class_counts import class_counts
from .ctrgcn_npz import load_ctrgcn_npz
from .longtail import (
    LongTailSpec,
    Selection,
    exp_counts,
    profile_counts,
    select_names,
    step_counts,
)
from .longtail_list import (
    SplitSource,
    manifest_table,
    source_from_annotations,
    source_from_names,
    split_manifest,
)
from .longtailed_pose_dataset import LongTailedPoseDataset
from .name_list import names_digest, plain_name, read_name_list
from .ntu_protocols import BENCHMARKS, Benchmark, get_benchmark, parse_ntu_name
from .samplers import (
    ClassBalancedSampler,
    CompositionSampler,
    PairedSampler,
    ProgressiveSampler,
    RandomOverSampler,
    TailRepeatSampler,
)
from .stgcn_npy import load_stgcn_npy
from .transforms import (
    AlignPersons,
    AlignSkeleton,
    CheckJoints,
    CropResizeFrames,
    FastFormatGCNInput,
    FastGenSkeFeat,
    FastPoseDecode,
    FastPreNormalize3D,
    FastUniformSampleFrames,
    FormatHeatmaps,
    KeepMainPersons,
    KinectV1Normalize,
    MergePersons,
    MultiView,
    PadFrames,
    RandomRotation3D,
    RandomScale3D,
    RandomTimeReversal,
    SkeletonFeatures,
)

__all__ = [
    'AlignPersons',
    'AlignSkeleton',
    'BENCHMARKS',
    'Benchmark',
    'CachedPoseDataset',
    'CheckJoints',
    'ClassBalancedSampler',
    'CompositionSampler',
    'CropResizeFrames',
    'FastFormatGCNInput',
    'FastGenSkeFeat',
    'FastPoseDecode',
    'FastPreNormalize3D',
    'FastUniformSampleFrames',
    'FormatHeatmaps',
    'KeepMainPersons',
    'KinectV1Normalize',
    'LongTailSpec',
    'LongTailedPoseDataset',
    'MergePersons',
    'MultiView',
    'PadFrames',
    'PairedSampler',
    'ProgressiveSampler',
    'RandomOverSampler',
    'RandomRotation3D',
    'RandomScale3D',
    'RandomTimeReversal',
    'Selection',
    'SkeletonFeatures',
    'SplitSource',
    'TailRepeatSampler',
    'class_counts',
    'exp_counts',
    'get_benchmark',
    'load_ctrgcn_npz',
    'load_stgcn_npy',
    'manifest_table',
    'names_digest',
    'parse_ntu_name',
    'plain_name',
    'profile_counts',
    'read_name_list',
    'select_names',
    'source_from_annotations',
    'source_from_names',
    'split_manifest',
    'step_counts',
]
