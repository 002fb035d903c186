"""Which numbers are a person's? Identity and mobile numbers, as patterns that find them however they are written.

The loader masks them in titles, the dashboard refuses them in what readers write.
"""

from __future__ import annotations

# Numbers as people write them: in groups, with a country code, full-width (`\d` is any script's digit).
_UNSEEN = r"[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]*+"
_MARK = r"[-\s\u2010-\u2015\u2043\u2212\u2500\u2501\ufe58\ufe63－.．·•・‧/／()（）\[\]［］【】]"
GAP = rf"{_UNSEEN}(?:{_MARK}{_UNSEEN}){{0,3}}+"
"""Between two digits: up to three marks (` - ` is one dash); what has no width does not count.

Possessive: a text is read once, however long its gaps are.
"""
_DATE = r"(?<!\d)20[0-4]\d(?:年|[-/.](?:0?[1-9]|1[0-2])[-/.](?:0?[1-9]|[12]\d|3[01])(?!\d))"
STEP = rf"{GAP}(?!{_DATE})"
"""A gap within a number: a date after a number of a house or a village begins something else."""
START = r"(?<!\d)(?!(?:(?<=\d{4}[-/.]\d\d[-/.])|(?<=\d{4}[-/.]\d[-/.]))\d\d(?!\d))"
"""Neither within a longer run of digits, nor at the day of a date."""
CODE = rf"(?:[(（](?=[+＋]?\d{{2,4}}[)）]))?(?:[+＋]?(?:00)?(?:86|８６){GAP})?"
"""What may stand before a telephone number: the bracket that its first digits are in, the code of the country."""
MONTH_AND_DAY = rf"(?:[0０]{STEP}[1-9１-９]|[1１]{STEP}[0-2０-２]){STEP}(?:[0-2０-２]{STEP}\d|[3３]{STEP}[01０１])"


def digits(count: int) -> str:
    """So many digits, with or without gaps between them."""
    return STEP.join([r"\d"] * count)


REGION = rf"(?![0０]|20|２０){digits(6)}"
"""No region's code begins like a year of today, as the numbers of cases do."""
IDENTITY = (
    rf"{START}{REGION}{GAP}(?:[1１]{STEP}[9９]|[2２]{STEP}[0０]){STEP}{digits(2)}{STEP}{MONTH_AND_DAY}"
    rf"{STEP}{digits(3)}{STEP}[\dXxＸｘ](?!\d)"
)
"""An identity number of a possible region and birthday, whatever gaps it is written with."""
MOBILE = rf"{START}{CODE}[1１]{STEP}[3-9３-９]{STEP}{digits(9)}(?!\d)"
"""A mobile number, whatever gaps it is written with."""
