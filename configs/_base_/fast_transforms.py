# Mixin: MMAction2's skeleton transforms in forms that give the same output, to
# the bit and from the same random draws, in a fraction of the time.
custom_imports = dict(imports=['shapmix_mm'])

transform_substitutes = dict(
    PreNormalize3D='FastPreNormalize3D',
    GenSkeFeat='FastGenSkeFeat',
    UniformSampleFrames='FastUniformSampleFrames',
    PoseDecode='FastPoseDecode',
    FormatGCNInput='FastFormatGCNInput',
)
