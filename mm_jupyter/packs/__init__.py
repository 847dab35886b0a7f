"""Packs: one run in one file, written whole and read as data alone."""

from mm_jupyter.packs.reading import OpenPack, open_pack
from mm_jupyter.packs.writing import PackContent, write_pack

__all__ = ["OpenPack", "PackContent", "open_pack", "write_pack"]
