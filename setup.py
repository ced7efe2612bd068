"""Build of shapmix_mm; the wheel carries configs and tools in ``.mim``."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
SHIPPED = ('configs', 'tools', 'model-index.yml')


def _left_out(folder: str, names: list[str]) -> set[str]:
    """Build products, and benchmarks of speed, which a checkout has."""
    ignored = {n for n in names if n == '__pycache__' or n.endswith('.pyc')}
    if Path(folder) == ROOT / 'tools' / 'benchmark':
        ignored |= set(names) - {'longtail.py', 'suites'}
    return ignored


class BuildWithMim(build_py):
    """Copies what mim looks for below the package, into the build only."""

    def run(self) -> None:
        """Build, then copy; an editable install reads the checkout."""
        super().run()
        if getattr(self, 'editable_mode', False):
            return
        target = Path(self.build_lib) / 'shapmix_mm' / '.mim'
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        for name in SHIPPED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, target / name, ignore=_left_out)
            else:
                shutil.copy2(source, target / name)


def read(name: str) -> str:
    """Read a text file of the source tree."""
    return (ROOT / name).read_text(encoding='utf-8')


def requirements(name: str) -> list[str]:
    """Read ``requirements/NAME.txt`` without its comments."""
    lines = read(f'requirements/{name}.txt').splitlines()
    return [line for line in map(str.strip, lines) if line[:1] not in '#-']


def version() -> str:
    """Read the version without importing the package."""
    found = re.search(r"__version__ = '(.+)'", read('shapmix_mm/version.py'))
    if found is None:
        raise ValueError('shapmix_mm/version.py has no __version__')
    return found[1]


readme = ROOT / 'README.md'
setup(
    name='shapmix_mm',
    version=version(),
    description='Shap-Mix, long-tailed skeleton action recognition, as an '
    'extension of MMAction2',
    long_description=read('README.md') if readme.exists() else '',
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    python_requires='>=3.9',
    packages=find_packages(include=['shapmix_mm', 'shapmix_mm.*']),
    package_data={
        'shapmix_mm': ['py.typed'],
        'shapmix_mm.inference': ['templates/*'],
        'shapmix_mm.runs': ['templates/*'],
    },
    install_requires=requirements('runtime'),
    extras_require={
        'mm': requirements('mminstall'),
        'optional': requirements('optional'),
        'docs': requirements('docs'),
        'reports': requirements('reports'),
        'cluster': requirements('cluster'),
        'tests': requirements('tests'),
    },
    entry_points={'console_scripts': ['shapmix = shapmix_mm.cli:main']},
    cmdclass={'build_py': BuildWithMim},
    zip_safe=False,
    classifiers=[
        'Intended Audience :: Science/Research',
        'Programming Language :: Python :: 3',
        'Topic :: Scientific/Engineering :: Artificial Intelligence',
    ],
)
