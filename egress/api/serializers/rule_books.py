"""Bodies of rule books."""

from rest_framework import serializers

from egress.api.serializers.base import Body
from egress.api.serializers.fields import Text, Whole
from egress.domain.rule_book import MAX_CHARACTERS
from egress.models import RuleBook
from egress.services.rule_book import problems_of


class RuleBookSerializer(serializers.ModelSerializer[RuleBook]):
    """One version of the approval rules. `digest` names exactly what was proposed."""

    author = serializers.CharField(source="author.username")
    begun_from = serializers.IntegerField(source="begun_from.number", allow_null=True, default=None)
    proposed_by = serializers.CharField(
        source="proposed_by.username", allow_null=True, default=None
    )
    decided_by = serializers.CharField(source="decided_by.username", allow_null=True, default=None)

    class Meta:
        model = RuleBook
        fields = [
            *["number", "state", "author", "begun_from", "created_at", "edited_at"],
            *["proposed_by", "proposed_at", "decided_by", "decided_at", "note", "digest"],
        ]


class ProblemInRuleBookSerializer(serializers.Serializer[object]):
    """One thing that is wrong with a text; `line` and `column` count from 1."""

    line = serializers.IntegerField()
    column = serializers.IntegerField()
    path = serializers.CharField()
    message = serializers.CharField()


class FullRuleBookSerializer(RuleBookSerializer):
    """A version with its text, and with everything that is wrong with that."""

    problems = serializers.SerializerMethodField()

    class Meta(RuleBookSerializer.Meta):
        fields = [*RuleBookSerializer.Meta.fields, "text", "catalogue", "problems"]

    def get_problems(self, book: RuleBook) -> ProblemInRuleBookSerializer(many=True):  # type: ignore[valid-type]
        """Return what is wrong with the text, in its order."""
        return ProblemInRuleBookSerializer(problems_of(book.text), many=True).data


class ReplayedSerializer(serializers.Serializer[object]):
    """One past request: what was decided, and what the version would have done."""

    request = serializers.IntegerField()
    subject = serializers.CharField()
    hosts = serializers.ListField(child=serializers.CharField())
    decided = serializers.CharField()
    decided_by = serializers.CharField()
    would = serializers.CharField(
        help_text="`approve automatically`, `deny`, `refuse`, `needs N` people, "
        "`people would decide` what a rule decided, or `unchanged`."
    )
    rule = serializers.CharField()
    differs = serializers.BooleanField()
    why = serializers.ListField(child=serializers.CharField())


class ReplaySerializer(serializers.Serializer[object]):
    """What a version would have decided over past requests, differences first."""

    looked_at = serializers.IntegerField()
    differences = serializers.IntegerField()
    stopped = serializers.BooleanField(help_text="Whether not all could be looked at in time.")
    counts = serializers.DictField(child=serializers.IntegerField())
    rows = ReplayedSerializer(many=True)


class DraftBody(Body):
    """Begins a version: with a text, from a version, or from the one in force."""

    text = Text(max_length=MAX_CHARACTERS, required=False, allow_blank=True, trim_whitespace=False)
    begun_from = Whole(min_value=1, max_value=2**31 - 1, required=False)


class RuleTextBody(Body):
    """The whole text of a draft."""

    text = Text(max_length=MAX_CHARACTERS, allow_blank=True, trim_whitespace=False)


class PutInForceBody(Body):
    """Puts a version in force. `digest` is that of the version that was read."""

    digest = Text(max_length=64)
    note = Text(max_length=2000, default="", allow_blank=True)


class RejectBody(Body):
    """Rejects a version, with a reason."""

    note = Text(max_length=2000)
