"""The boxes of choices are those that Django writes."""

import pytest
from django import forms
from django.test.html import parse_html
from django.utils.html import escape

from egress.templatetags.fields import choice


class Asked(forms.Form):
    teams = forms.MultipleChoiceField(
        choices=[("1", "One"), ('2" onclick="x', "Two"), (3, "Three")],
        widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"}),
    )
    way = forms.ChoiceField(choices=[("a", "A"), ("b", "B")], widget=forms.RadioSelect)


@pytest.mark.parametrize("name", ["teams", "way"])
def test_a_box_is_the_one_that_django_writes(name: str) -> None:
    form = Asked({"teams": ["1", "3"], "way": "b"})
    boxes = list(form[name])
    assert any("checked" in choice(box) for box in boxes)
    for box in boxes:
        assert parse_html(choice(box)) == parse_html(box.tag())


def test_a_value_stays_within_its_box() -> None:
    odd = list(Asked()["teams"])[1]
    assert escape('2" onclick="x') in choice(odd)
