"""Sheetline: formulas."""
