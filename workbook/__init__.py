"""Sheetline: workbook."""
