"""The board's picture: names stand beside their points and clear of each other."""

import itertools

from mnist1d.plots.board import Point, draw


def test_names_of_near_points_do_not_overlap():
    near = [Point(f"model {i}", (0.06 + 0.002 * i,) * 3, 5000 + i, 1.5) for i in range(5)]
    far = Point("alone", (0.5, 0.4, 0.6), 100, None)  # drawn per parameter only
    fig = draw([*near, far], least=2e-4, human=0.04)
    fig.canvas.draw()
    for ax, count in zip(fig.axes, (6, 5), strict=True):
        names = [t for t in ax.texts if t.get_text().startswith(("model", "alone"))]
        assert len(names) == count
        boxes = [t.get_window_extent() for t in names]
        for a, b in itertools.combinations(boxes, 2):
            # a point of the font's own leading may touch
            assert not a.shrunk(0.9, 0.7).overlaps(b.shrunk(0.9, 0.7))
