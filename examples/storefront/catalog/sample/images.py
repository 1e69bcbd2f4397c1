"""Product pictures: one drawing for each category and shade."""
import hashlib
from pathlib import Path

from django.utils.text import slugify

from .words import CATEGORIES, SHADES

DRAWING = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 400" role="img">
<rect width="400" height="400" fill="{shade}" fill-opacity=".14"/>
<circle cx="{x}" cy="{y}" r="{r}" fill="{shade}" fill-opacity=".55"/>
<rect x="{left}" y="{top}" width="{width}" height="{height}" rx="{round}" \
fill="{shade}" fill-opacity=".8" transform="rotate({turn} 200 200)"/>
<text x="200" y="372" font-family="Georgia,serif" font-size="24" text-anchor="middle" \
fill="{shade}">{title}</text>
</svg>
"""


def image_name(category_slug, shade):
    """Return the name of a picture below MEDIA_ROOT."""
    return f"products/{category_slug}-{shade}.svg"


def write_images(media_root):
    """Draw every picture into media_root; return how many."""
    folder = Path(media_root) / "products"
    folder.mkdir(parents=True, exist_ok=True)
    names = [name for children in CATEGORIES.values() for name in children]
    for name in names:
        for number, shade in enumerate(SHADES):
            path = Path(media_root) / image_name(slugify(name), number)
            path.write_text(_draw(name, shade))
    return len(names) * len(SHADES)


def _draw(title, shade):
    # A digest, not hash(): that one differs from process to process.
    numbers = hashlib.sha256((title + shade).encode()).digest()
    return DRAWING.format(
        title=title,
        shade=shade,
        x=110 + numbers[0] % 180,
        y=90 + numbers[1] % 120,
        r=60 + numbers[2] % 60,
        left=90 + numbers[3] % 60,
        top=110 + numbers[4] % 60,
        width=120 + numbers[5] % 90,
        height=90 + numbers[6] % 90,
        round=numbers[7] % 60,
        turn=numbers[8] % 90,
    )
