"""An assortment made from a seed: the same seed gives the same shop.

build() only makes objects, save() writes them, so that a test can compare two
builds without a database.
"""
from .build import build
from .images import write_images
from .save import save

__all__ = ["build", "save", "write_images"]
