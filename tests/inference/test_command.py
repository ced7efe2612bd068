"""tools/predict.py: what is good is done, whatever else it is given."""

import csv
import json
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

TOOL = Path(__file__).parents[2] / 'tools/predict.py'


@pytest.fixture
def predict(trained, monkeypatch, capsys):
    """Function of arguments: exit status, and what was printed."""

    def run(*args, checkpoint=trained.checkpoint):
        words = [str(TOOL), trained.config, str(checkpoint)]
        monkeypatch.setattr(sys, 'argv', [*words, *map(str, args)])
        monkeypatch.setenv('COLUMNS', '200')
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(TOOL), run_name='__main__')
        return ended.value.code, capsys.readouterr()

    return run


@pytest.fixture
def poses(test_clips):
    return [clip['keypoint'] for clip in test_clips]


def test_named_samples_are_explained_and_written(
    predict, trained, recognizer, test_clips, tmp_path
):
    out = tmp_path / 'out'
    status, printed = predict(
        f'{trained.data}:test_1_0,test_2_1', '--explain', '--joints', '--csv',
        '--json', '--out', out,
    )  # fmt: skip
    assert status == 0, printed.err
    rows = list(csv.DictReader((out / 'predictions.csv').open()))
    expected = recognizer.explain(test_clips[2], classes=range(4))
    assert [row['clip'] for row in rows] == ['test_1_0'] * 4 + ['test_2_1'] * 4
    for row, answer in zip(rows, expected.prediction.top):
        assert row['name'] == answer.name and row['true'] == '1'
        assert float(row['probability']) == pytest.approx(
            answer.probability, abs=1e-6
        )
    entry = json.loads((out / 'predictions.json').read_text())[0]
    for index, told in expected.classes.items():
        found = entry['explained'][str(index)]
        np.testing.assert_allclose(found['parts'], told.parts, atol=1e-6)
    assert 'test_2_1' in (out / 'explanation.html').read_text()
    assert '2 clips' in printed.out and 'probability is' in printed.out


def test_bad_inputs_are_named_and_the_others_are_done(
    predict, poses, tmp_path
):
    bad = dict(
        one_frame=poses[0][:, :1],
        nan=np.full_like(poses[0], np.nan),
        nobody=0 * poses[0],
        seven=poses[0][:, :, :7],
    )
    for name, pose in dict(bad, good=poses[0]).items():
        np.save(tmp_path / f'{name}.npy', pose)
    (tmp_path / 'false.npz').write_text('no archive')
    status, printed = predict(
        tmp_path, tmp_path / 'absent.npy', '--csv', '--out', tmp_path / 'out'
    )
    assert status == 1
    lines = printed.err.splitlines()
    assert len(lines) == 6 and all(x.startswith('error: ') for x in lines)
    for name in (*bad, 'false.npz', 'absent.npy'):
        path = tmp_path / (name if '.' in name else f'{name}.npy')
        assert sum(str(path) in line for line in lines) == 1, name
    rows = list(csv.DictReader((tmp_path / 'out/predictions.csv').open()))
    assert {row['clip'] for row in rows} == {'good'}


def test_joints_are_found_by_header_layout_and_map(
    predict, recognizer, poses, tmp_path
):
    order = np.random.default_rng(0).permutation(9)
    names = [recognizer.layout.joint_names[i] for i in order]
    pose = poses[0][0][:, order]
    header = [f'{name}_{axis}' for name in names for axis in 'xyz']
    table = tmp_path / 'header.csv'
    np.savetxt(table, pose.reshape(len(pose), -1), fmt='%.9g', delimiter=',',
               header=','.join(header), comments='')  # fmt: skip
    np.save(tmp_path / 'layout.npy', pose)
    layout = tmp_path / 'layout.py'
    layout.write_text(
        'layout = dict(num_node=9, center=0, parts=[[*range(7)], [7], [8]], '
        f'inward=[(i, 0) for i in range(1, 9)], joint_names={names})'
    )
    renamed = tmp_path / 'renamed.csv'
    renamed.write_text(table.read_text().replace('head_', 'Kopf_'))
    mapping = tmp_path / 'map.json'
    mapping.write_text('{"head": "Kopf"}')
    best = recognizer.predict(poses[0]).top[0]
    for args in (
        [table],
        [tmp_path / 'layout.npy', '--layout', layout],
        [renamed, '--joint-map', mapping],
    ):
        out = tmp_path / 'out'
        status, printed = predict(*args, '--csv', '--out', out)
        assert status == 0, printed.err
        row = next(csv.DictReader((out / 'predictions.csv').open()))
        assert row['name'] == best.name
        assert float(row['probability']) == pytest.approx(
            best.probability, abs=1e-5
        )
    status, printed = predict(renamed, '--out', tmp_path / 'out')
    assert status == 1
    assert 'no joint head' in printed.err and 'Kopf' in printed.err


def test_a_recording_becomes_a_timeline(predict, poses, tmp_path):
    path = tmp_path / 'day.npy'
    np.save(path, np.concatenate((poses[0], poses[2], poses[4]), 1))
    out = tmp_path / 'out'
    status, printed = predict(
        path, '--window', 12, '--stride', 6, '--rate', 12, '--threshold', 0,
        '--explain', '--out', out,
    )  # fmt: skip
    assert status == 0, printed.err
    rows = list(csv.DictReader((out / 'timeline.csv').open()))
    assert rows[-1]['end_s'] == '3.00'
    assert '5 windows' in printed.out and 'per second' in printed.out
    assert (out / 'explanation.html').is_file()


@pytest.mark.parametrize(
    'words, text',
    [
        (['--window', 12, '--csv'], '--window writes timeline.csv instead'),
        (['--window', 12, '--json'], '--window writes timeline.csv instead'),
        (['--stride', 6], 'only with --window'),
        (['--threshold', 0], 'only with --window'),
        (['--joints'], 'only with --explain'),
        (['--segments', 0], 'only with --explain'),
        (['--explain', '--window', 12, '--joints', 8], 'without --window'),
        (['--explain', '--window', 12, '--segments', 5], 'without --window'),
    ],
)
def test_options_that_would_do_nothing_are_refused(predict, words, text):
    status, printed = predict('none.npy', *words)
    assert status == 2 and text in printed.err


def test_samples_are_sought_in_all_inputs(predict, trained, poses, tmp_path):
    np.save(tmp_path / 'one.npy', poses[0])
    out = tmp_path / 'out'
    status, printed = predict(
        trained.data, tmp_path / 'one.npy', '--csv', '--out', out,
        '--samples', 'one', 'test_0_1', 'nowhere',
    )  # fmt: skip
    assert status == 1 and printed.err.count('error: ') == 1
    assert 'no input has the clip nowhere' in printed.err
    with (out / 'predictions.csv').open() as file:
        found = {row['clip'] for row in csv.DictReader(file)}
    assert found == {'one', 'test_0_1'}


@pytest.mark.parametrize(
    'args, text',
    [
        (['--out', '/proc/none', '--csv'], 'cannot be written'),
        (['--classes', '/none.txt'], 'does not exist'),
        (['--joint-map', __file__], 'is no JSON'),
        (['--layout', 'none'], "Unknown layout 'none'"),
    ],
)
def test_a_bad_option_ends_in_one_line(predict, trained, args, text):
    status, _ = predict(trained.data, *args)
    assert str(status).startswith('error: ') and text in status
    assert '\n' not in status


def test_a_hostile_checkpoint_is_refused(predict, trained, tmp_path):
    path = tmp_path / 'evil.pth'
    path.write_bytes(b"cos\nsystem\n(S'echo taken'\ntR.")
    status, printed = predict(trained.data, checkpoint=path)
    assert 'nothing of it was run' in status
    assert 'taken' not in printed.out


def test_names_of_a_text_file_reach_checkpoint_table_and_answers(
    predict, trained, poses, tmp_path, monkeypatch
):
    names, table = tmp_path / 'names.txt', tmp_path / 'per_class.csv'
    names.write_text('un\ndeux\ntrois\nquatre\n')
    words = ['train.py', trained.config, '--work-dir', str(tmp_path / 'run'),
             '--cfg-options', f'class_names={names}',
             'train_cfg.max_epochs=1',
             f'val_evaluator.1.per_class_file={table}']  # fmt: skip
    monkeypatch.setattr(sys, 'argv', words)
    runpy.run_path(str(TOOL.with_name('train.py')), run_name='__main__')
    names.unlink()
    with table.open() as file:
        found = [row['name'] for row in csv.DictReader(file)]
    assert found == ['un', 'deux', 'trois', 'quatre']
    np.save(tmp_path / 'one.npy', poses[0])
    out = tmp_path / 'out'
    checkpoint = tmp_path / 'run/epoch_1.pth'
    status, printed = predict(
        tmp_path / 'one.npy', '--csv', '--out', out, checkpoint=checkpoint
    )
    assert status == 0, printed.err
    with (out / 'predictions.csv').open() as file:
        answers = {row['name'] for row in csv.DictReader(file)}
    assert answers == {'un', 'deux', 'trois', 'quatre'}
