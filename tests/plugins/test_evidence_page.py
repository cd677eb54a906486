"""Evidence page: what other people chose stays words."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from simgate_airflow.evidence_page import code

TEXTS = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=60)


@settings(deadline=None)
@given(TEXTS)
@example("ada [approve here](https://evil.example) <script>")
@example("ada\n\n# Approved by everybody\n| a | b |")
@example("` ![](https://evil.example/pixel.png) ``")
@example("\\` www.evil.example")
def test_any_words_are_shown_as_they_are_and_nothing_comes_of_them(text: str) -> None:
    (_, inline, _) = MarkdownIt("commonmark").enable(["table"]).parse(f"by {code(text)}.")
    assert [token.type for token in inline.children or ()] == ["text", "code_inline", "text"]
    assert (inline.children or ())[1].content.strip() == " ".join(text.replace("`", "'").split())
