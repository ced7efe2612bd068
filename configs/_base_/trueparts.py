# Mixin, to follow that of Shap-Mix on the demo set: the parts that are known
# to tell its classes guide the mixing, not what is learnt.
custom_imports = dict(imports=['shapmix_mm'])

model = dict(
    data_preprocessor=dict(
        blending=dict(
            table=[
                ['right_arm'],  # wave_right
                ['left_leg'],  # kick_left
                ['right_arm'],  # handshake
                ['trunk'],  # nod
                ['left_arm', 'right_arm'],  # wave_both
                ['left_arm'],  # punch_left
                ['trunk', 'left_arm', 'right_arm'],  # push_person
                ['left_leg', 'right_leg'],  # march
                ['trunk', 'left_arm', 'right_arm'],  # bow
                ['right_arm', 'left_leg'],  # kick_left_raise_right
                ['right_arm'],  # high_five
                ['right_arm'],  # circle_right
                ['right_leg'],  # kick_right
                ['trunk'],  # tilt_head
                ['right_arm', 'right_leg'],  # kick_right_raise_right
                ['left_arm'],  # wave_left
            ]
        )
    )
)
