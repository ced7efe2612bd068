"""Skeleton transforms that stock MMAction2 lacks."""

from .align_persons import AlignPersons
from .align_skeleton import AlignSkeleton
from .check_joints import CheckJoints
from .crop_resize_frames import CropResizeFrames
from .fast_format_gcn_input import FastFormatGCNInput
from .fast_gen_ske_feat import FastGenSkeFeat
from .fast_pose_decode import FastPoseDecode
from .fast_pre_normalize_3d import FastPreNormalize3D
from .fast_uniform_sample_frames import FastUniformSampleFrames
from .format_heatmaps import FormatHeatmaps
from .keep_main_persons import KeepMainPersons
from .kinect_v1_normalize import KinectV1Normalize
from .merge_persons import MergePersons
from .multi_view import MultiView
from .pad_frames import PadFrames
from .random_rotation_3d import RandomRotation3D
from .random_scale_3d import RandomScale3D
from .random_time_reversal import RandomTimeReversal
from .skeleton_features import SkeletonFeatures

__all__ = [
    'AlignPersons',
    'AlignSkeleton',
    'CheckJoints',
    'CropResizeFrames',
    'FastFormatGCNInput',
    'FastGenSkeFeat',
    'FastPoseDecode',
    'FastPreNormalize3D',
    'FastUniformSampleFrames',
    'FormatHeatmaps',
    'KeepMainPersons',
    'KinectV1Normalize',
    'MergePersons',
    'MultiView',
    'PadFrames',
    'RandomRotation3D',
    'RandomScale3D',
    'RandomTimeReversal',
    'SkeletonFeatures',
]
