"""Where does attention belong? Relative risk of grids: from cases and population, never of persons."""

from etl.risk.run import compute

__all__ = ["compute"]
