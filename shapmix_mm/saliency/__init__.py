"""From model scores to the saliency table, while training and offline."""

from .exact import (
    ClassSaliency,
    SeededSamples,
    TableError,
    Worths,
    choose_samples,
    class_saliency,
    exact_worths,
    sample_labels,
    table_error,
)
from .guidance import choose_share, joint_gradcam, shared_generator
from .mean_pose import feature_joints, mean_pose
from .record import SaliencyRecord
from .result import (
    FILES,
    ClassInfo,
    SaliencyResult,
    choose_mean,
    class_index,
    class_info,
    combination_names,
    restrict,
    write_result,
)
from .score import coalition_worths, distinct_rows, part_joints, score_held

__all__ = [
    'FILES',
    'ClassInfo',
    'ClassSaliency',
    'SaliencyRecord',
    'SaliencyResult',
    'SeededSamples',
    'TableError',
    'Worths',
    'choose_mean',
    'choose_samples',
    'choose_share',
    'class_index',
    'class_info',
    'class_saliency',
    'coalition_worths',
    'combination_names',
    'distinct_rows',
    'exact_worths',
    'feature_joints',
    'joint_gradcam',
    'mean_pose',
    'part_joints',
    'restrict',
    'sample_labels',
    'score_held',
    'shared_generator',
    'table_error',
    'write_result',
]
