"""Which reference system does a map file state? As an EPSG code where one fits, else as the definition itself."""

from __future__ import annotations

import pyproj

from etl.errors import RefusedFileError


def crs_name(stated: str) -> str:
    """`EPSG:n`, or WKT for a system without a code; '' where nothing definite is stated.

    Raises `RefusedFileError` for a definition the projection library cannot read.
    """
    if not stated.strip():
        return ""
    try:
        crs = pyproj.CRS.from_user_input(stated)
    except pyproj.exceptions.CRSError as error:
        raise RefusedFileError(f"坐标系定义无法识别（{stated[:60]}），请重新导出，或在映射文件写明 src_crs") from error
    if crs.is_engineering or crs.name.lower().startswith(("undefined", "unknown")):
        return ""
    code = crs.to_epsg()
    if crs.to_authority() == ("OGC", "CRS84"):
        return "EPSG:4326"
    return f"EPSG:{code}" if code else str(crs.to_wkt())


_SAME = {"WGS84": "degrees", "CGCS2000": "degrees", "EPSG:4326": "degrees", "EPSG:4490": "degrees"}


def same_crs(first: str, second: str) -> bool:
    """Do two names mean the same numbers? WGS-84 and CGCS2000 differ by centimetres and count as one."""
    return _SAME.get(first, first) == _SAME.get(second, second)


_OLD_DATUMS = {"Beijing 1954": "北京 54", "Xian 1980": "西安 80"}


def old_datum(crs: str) -> str:
    """The old national datum a system is based on, in words; '' for any other.

    Its shift against WGS-84 is not public: conversion leaves the figures where they were, some hundred metres off.
    """
    if not crs.startswith(("EPSG:", "PROJCRS", "GEOGCRS", "BOUNDCRS", "COMPOUNDCRS")):
        return ""
    datum = pyproj.CRS.from_user_input(crs).datum
    return _OLD_DATUMS.get(datum.name, "") if datum else ""
