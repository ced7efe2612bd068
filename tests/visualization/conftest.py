"""Looking at a figure before it becomes an image."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.text import Text

from shapmix_mm.visualization.style import GROUP_COLOURS

LONG = (
    'put your hands on your hips and look up',
    'put your hands on your hips and jump up and down',
    'put your hands on your head',
    'throw up a small ball with one hand',
    'clap',
    'take something out of the pocket of a jacket',
)


@pytest.fixture
def long_names():
    """Function that gives names that begin alike, most of them too long."""

    def name(number):
        return [
            f'{LONG[i % len(LONG)]}{f" {i}" if i >= len(LONG) else ""}'
            for i in range(number)
        ]

    return name


class Look:
    """The last figure drawn, with questions about what can be read."""

    figure = None
    # Laying out is enough to judge a figure; rendering takes longer.
    render = True

    @property
    def axes(self):
        return self.figure.axes

    def catch(self, figure):
        """Lay out a figure and keep it."""
        self.figure = figure
        self.renderer = figure.canvas.get_renderer()
        figure.draw_without_rendering()

    def _boxes(self, texts):
        return [t.get_window_extent(self.renderer) for t in texts]

    def texts(self):
        """Every visible text."""
        hidden = set()
        for axes in self.figure.axes:
            for axis in (axes.xaxis, axes.yaxis):
                low, high = sorted(axis.get_view_interval())
                slack = 1e-9 * (high - low)
                for tick in axis.get_major_ticks() + axis.get_minor_ticks():
                    if not low - slack <= tick.get_loc() <= high + slack:
                        hidden |= {tick.label1, tick.label2}
        return [
            t
            for t in self.figure.findobj(Text)
            if t.get_text().strip() and t.get_visible() and t not in hidden
        ]

    def cut_off(self):
        """Texts that reach outside the figure."""
        texts = self.texts()
        width, height = self.figure.bbox.size
        return [
            t.get_text()
            for t, b in zip(texts, self._boxes(texts))
            if b.x0 < -1 or b.y0 < -1 or b.x1 > width + 1 or b.y1 > height + 1
        ]

    def overlapping(self, texts=None):
        """Pairs of texts that share more than a pixel."""
        texts = self.texts() if texts is None else list(texts)
        boxes = np.array([b.extents for b in self._boxes(texts)])
        low = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
        high = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
        shared = np.triu(((high - low) > 1).all(axis=2), 1)
        return [
            (texts[i].get_text(), texts[j].get_text())
            for i, j in np.argwhere(shared)
        ]

    def is_legible(self, smallest=6.5):
        """Fail unless every text is whole, apart and large enough."""
        assert self.cut_off() == []
        assert self.overlapping() == []
        assert min(t.get_fontsize() for t in self.texts()) >= smallest

    def groups(self, axis):
        """Group whose colour stands beside each label of an axis."""
        names = {colour: name for name, colour in GROUP_COLOURS.items()}
        return [
            names[to_hex(t.tick1line.get_markeredgecolor()).upper()]
            for t in axis.get_major_ticks()
        ]


@pytest.fixture
def look(monkeypatch):
    """Catch the figures that the package saves."""
    caught, save = Look(), Figure.savefig

    def catch(figure, path, **kwargs):
        caught.catch(figure)
        if caught.render:
            save(figure, path, **kwargs)
        else:
            Path(path).touch()

    monkeypatch.setattr(Figure, 'savefig', catch)
    return caught
