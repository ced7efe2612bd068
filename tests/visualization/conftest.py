"""Looking at a figure before it becomes an image."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text


class Look:
    """The last figure drawn, with questions about what can be read."""

    figure = None
    # Laying out is enough to judge a figure; rendering takes longer.
    render = True

    def catch(self, figure):
        """Lay out a figure and keep it."""
        self.figure = figure
        self.renderer = FigureCanvasAgg(figure).get_renderer()
        figure.draw_without_rendering()

    def _boxes(self, texts):
        return [t.get_window_extent(self.renderer) for t in texts]

    def texts(self):
        """Every visible text."""
        hidden = set()
        for axes in self.figure.axes:
            for axis in (axes.xaxis, axes.yaxis):
                low, high = sorted(axis.get_view_interval())
                for tick in axis.get_major_ticks() + axis.get_minor_ticks():
                    if not low - 1e-9 <= tick.get_loc() <= high + 1e-9:
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

    def overlapping(self, texts):
        """Whether any two of the texts share more than a pixel."""
        boxes = np.array([b.extents for b in self._boxes(texts)])
        low = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
        high = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
        shared = ((high - low) > 1).all(axis=2)
        return bool((shared & ~np.eye(len(boxes), dtype=bool)).any())


@pytest.fixture
def look(monkeypatch):
    """Catch the figures that the package saves."""
    from shapmix_mm.visualization import class_counts, saliency, style

    caught = Look()

    def save(figure, path):
        caught.catch(figure)
        return style.save_figure(figure, path) if caught.render else path

    for module in (class_counts, saliency):
        monkeypatch.setattr(module, 'save_figure', save)
    return caught
