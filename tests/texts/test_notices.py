"""Every notice has a name for lists."""

import pytest

from core.rules.notices import NoticeKind
from core.texts.notices import WHAT, what


@pytest.mark.parametrize("kind", NoticeKind)
def test_every_kind_of_notice_has_words_for_lists(kind: NoticeKind) -> None:
    assert kind in WHAT, "say in core/texts/notices.py what it is"
    assert len(what(kind)) <= 100
