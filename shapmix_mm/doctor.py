"""What is installed, what was cured, what is missing and what mends it.

Run as ``python -m shapmix_mm.doctor``. It exits with 1 when something that
is needed is missing, and starts also where nothing else of the package does.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import platform
import re
import sys
import textwrap
from typing import NamedTuple

from . import compat
from .version import __version__

__all__ = ['Need', 'check', 'main', 'parse_version', 'report']


class Need(NamedTuple):
    """One package that must be there.

    Args:
        names (tuple[str, ...]): Distributions of which one suffices.
        module (str): What is imported from it.
        least (str): Lowest version.
        below (str): First version that is too new, or ''.
        mend (str): Command that installs it.
    """

    names: tuple[str, ...]
    module: str
    least: str
    below: str
    mend: str


def _plain(name: str, least: str) -> Need:
    """One of a single name, of which no version is too new."""
    module, mend = name.replace('-', '_'), f"pip install '{name}>={least}'"
    return Need((name,), module, least, '', mend)


# The limits are those of requirements/runtime.txt and mminstall.txt.
NEEDS = (
    _plain('numpy', '1.22'),
    _plain('torch', '2.0'),
    Need(
        ('mmengine', 'mmengine-lite'),
        'mmengine',
        '0.10.6',
        '1',
        "pip install 'mmengine>=0.10.6,<1'",
    ),
    Need(
        ('mmcv-lite', 'mmcv', 'mmcv-full'),
        'mmcv',
        '2.1.0',
        '2.2.0',
        "pip install 'mmcv-lite>=2.1.0,<2.2.0', which needs no compiler, or "
        'a full mmcv of the same range',
    ),
    Need(
        ('mmaction2',),
        'mmaction',
        '1.2.0',
        '2',
        "pip install 'mmaction2>=1.2.0,<2'",
    ),
    _plain('scipy', '1.13'),
    _plain('matplotlib', '3.6'),
    _plain('networkx', '2.8'),
    _plain('pydantic', '2.5'),
    _plain('rich', '12'),
    _plain('tqdm', '4.60'),
    _plain('typing-extensions', '4.6'),
    *(
        [_plain('eval-type-backport', '0.2')]
        if sys.version_info < (3, 10)
        else []
    ),
)


def parse_version(text: str) -> tuple[int, ...]:
    """Return the leading numbers of a version, without trailing zeros.

    Args:
        text (str): Version, such as ``'2.13.0+cpu'``.

    Returns:
        tuple[int, ...]: Such as ``(2, 13)``.
    """
    found = re.match(r'\d+(\.\d+)*', text)
    numbers = [int(n) for n in found[0].split('.')] if found else []
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def installed(names: tuple[str, ...]) -> dict[str, str]:
    """Return the versions of those distributions that are installed."""
    versions = {}
    for name in names:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def check(need: Need) -> tuple[str, str]:
    """Look at one package.

    Args:
        need (Need): What must be there.

    Returns:
        tuple[str, str]: What is there, and what is wrong with it or ''.
    """
    found = installed(need.names)
    if not found:
        return 'missing', f'{need.module} is missing: {need.mend}'
    shown = ', '.join(f'{name} {v}' for name, v in found.items())
    if len(found) > 1:
        return shown, (
            f'{shown} share the module {need.module}: keep one, pip '
            'uninstall all of them and install it anew'
        )
    version = parse_version(*found.values())
    if version < parse_version(need.least) or (
        need.below and version >= parse_version(need.below)
    ):
        limits = f'>= {need.least}' + (need.below and f', < {need.below}')
        return shown, f'{shown} is out of range ({limits}): {need.mend}'
    try:
        importlib.import_module(need.module)
    except Exception as error:
        # A broken package may raise anything, and none may stop the report.
        reason = f'{type(error).__name__}: {error}'
        return shown, f'{shown} does not import ({reason}): {need.mend}'
    return shown, ''


def check_package() -> str:
    """Tell why our modules are not in MMAction2's registry, or ''."""
    try:
        importlib.import_module('shapmix_mm.models')
        registry = importlib.import_module('mmaction.registry')
        if registry.MODELS.get('ShapMixBlending') is None:
            return 'ShapMixBlending is not registered in MMAction2'
        compat.config_file('_base_/shapmix.py')
    except Exception as error:
        return f'shapmix_mm does not work: {type(error).__name__}: {error}'
    return ''


def report() -> tuple[list[str], list[str]]:
    """Look at everything.

    Returns:
        tuple[list[str], list[str]]: Lines about what is there, and what is
        wrong, each with what mends it.
    """
    lines = [
        f'{"shapmix_mm":17} {__version__}',
        f'{"python":17} {platform.python_version()} ({sys.executable})',
    ]
    wrong = []
    for need in NEEDS:
        shown, problem = check(need)
        lines.append(f'{need.module:17} {shown}')
        wrong += [problem] if problem else []
    lines.append(f'{"cuda":17} {_cuda()}')
    other = installed(('setuptools', 'onnx', 'onnxruntime'))
    lines += [f'{name:17} {v}' for name, v in other.items()]
    if not wrong:
        problem = check_package()
        wrong += [problem] if problem else []
    lines += ['', 'Cures of the stock packages:']
    ran = compat.applied()
    for name, cure in compat.CURES.items():
        states = {True: 'applied', False: 'not needed', None: 'not reached'}
        why = (cure.__doc__ or '').strip().splitlines()[0]
        lines.append(f'  {name}: {states[ran.get(name)]}. {why}')
    return lines, wrong


def _cuda() -> str:
    try:
        torch = importlib.import_module('torch')
        if not torch.cuda.is_available():
            return f'not available (torch built for {torch.version.cuda})'
        return f'{torch.version.cuda}, {torch.cuda.get_device_name(0)}'
    except Exception as error:
        return f'unknown ({type(error).__name__})'


def main() -> int:
    """Print the report.

    Returns:
        int: 0 if all is well, else 1.
    """
    lines, wrong = report()
    print('\n'.join(lines))
    print()
    if not wrong:
        print('All that is needed is there.')
    for problem in wrong:
        print(textwrap.fill(problem, 79, subsequent_indent='  '))
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
