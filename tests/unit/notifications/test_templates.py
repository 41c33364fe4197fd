"""The language of templates: what it refuses, how text messages are measured, whose dates are said."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import TemplateError

from onhand.kit.errors import InvalidField
from onhand.notifications import rendering
from onhand.notifications.domain.messages import Channel
from onhand.notifications.domain.occasions import Line, Purpose
from onhand.notifications.domain.templates import PARTS, VARIABLES, Template, candidates, sms_length
from onhand.notifications.language import environments, problems
from onhand.notifications.rendering import Reader

ESCAPES = [
    # The classic ways from any object to its class, and from there to everything that is loaded.
    "{{ ''.__class__ }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ ''['__class__'] }}",
    "{{ ''|attr('__class__') }}",
    "{{ ''|attr('\\x5f\\x5fclass\\x5f\\x5f') }}",
    "{{ ''|attr(['_'*2, 'class', '_'*2]|join) }}",
    "{{ name['__cla' ~ 'ss__'] }}",
    "{{ name[name|length:] }}",
    "{{ (name,)|map(attribute='__class__')|list }}",
    "{{ lines|groupby('__class__') }}",
    "{{ lines|sort(attribute='__class__.__mro__') }}",
    "{{ lines|selectattr('__class__') }}",
    "{% for x in lines %}{{ x.__init__.__globals__ }}{% endfor %}",
    "{% for x in lines %}{{ x.__dataclass_fields__ }}{% endfor %}",
    # Format strings reach attributes too (CVE-2016-10745, CVE-2019-10906, CVE-2024-56326, CVE-2025-27516).
    "{{ '{0.__class__}'.format(name) }}",
    "{{ '{0.__class__}'.format_map({'0': name}) }}",
    "{{ '%s'|format(name) }}",
    "{{ ('{0.__class__.__init__.__globals__}'|attr('format'))(name) }}",
    "{% set f = '{0.__class__}'.format %}{{ f(name) }}",
    # Jinja2's own functions and what hangs on them.
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ joiner.__init__.__globals__ }}",
    "{{ namespace.__init__.__globals__ }}",
    "{{ lipsum.__globals__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ self.__init__ }}",
    "{{ request }}",
    "{{ config }}",
    "{{ moment_of }}",
    "{{ caller() }}",
    "{% for x in lines %}{{ loop.cycle(1) }}{% endfor %}",
    "{% for x in lines recursive %}{{ loop(lines) }}{% endfor %}",
    "{{ super() }}",
    # Files, other templates, statements.
    "{% include '/etc/passwd' %}",
    "{% import 'en/_layout.txt' as x %}",
    "{% from 'en/_layout.txt' import x %}",
    "{% extends '../../vault.py' %}",
    "{% extends name %}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{% call name() %}{% endcall %}",
    "{% set lines = 1 %}",
    "{% with x = 1 %}{% endwith %}",
    "{% filter upper %}x{% endfilter %}",
    "{% autoescape false %}{{ name }}{% endautoescape %}",
    "{% do name.append(1) %}",
    "{% debug %}",
    "{% trans %}x{% endtrans %}",
    # What would not end, or not fit.
    "{% for a in range(100000) %}{% for b in range(100000) %}x{% endfor %}{% endfor %}",
    "{{ range(99999999) }}",
    "{{ 'x' * 9999999999 }}",
    "{{ 9 ** 9 ** 9 }}",
    "{{ 'x'|center(9999999999) }}",
    "{{ '%9999999999d'|format(1) }}",
    "{{ 'x'|indent(9999999999) }}",
    "{% for a in lines %}{% for b in lines %}{% for c in lines %}x{% endfor %}{% endfor %}{% endfor %}",
    "{% for a in [1, 2] %}{% endfor %}",
    "{% for a in name %}{% endfor %}",
    "{% for lines in lines %}{% endfor %}",
    "{{ " + "(" * 500 + "name" + ")" * 500 + " }}",
    "{% if name %}" * 500 + "{% endif %}" * 500,
    "{{ not " + "not " * 5_000 + "name }}",
    "{{ name" + "|upper" * 3_000 + " }}",
    # Escaping undone.
    "{{ name|safe }}",
    "{{ name|e }}",
    "{{ name|escape }}",
    "{{ name|xmlattr }}",
    "{{ name|tojson }}",
    "{{ name|urlize }}",
    "{{ name|pprint }}",
]


@pytest.mark.parametrize("source", ESCAPES)
@pytest.mark.parametrize("escape", [False, True])
def test_what_leaves_the_language_is_refused_when_it_is_saved(source: str, *, escape: bool) -> None:
    assert problems(environments()[escape], source, VARIABLES[Purpose.ORDER_READY])


@pytest.mark.parametrize(
    "source",
    [
        each
        for each in ESCAPES
        if "__" in each and "x in lines" not in each and "groupby" not in each and "map(" not in each
    ],
)
def test_the_sandbox_holds_also_without_the_check(source: str) -> None:
    facts = {"name": "Jane", "lines": (Line("1", "SKU-1", 1),)}
    try:
        said = environments()[False].from_string(source).render(facts)
    except (TemplateError, TypeError):
        return
    assert "class" not in said
    assert "function" not in said


def template(
    text: str, channel: Channel = Channel.SMS, purpose: Purpose = Purpose.ORDER_READY, locale: str = "en"
) -> Template:
    parts = PARTS[channel]
    return Template(
        purpose,
        channel,
        locale,
        0,
        "Hi" if "subject" in parts else "",
        text,
        "<p>Hi" if "html" in parts else "",
    )


@pytest.mark.parametrize("purpose", list(Purpose))
@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.SMS])
def test_the_products_own_templates_pass_their_own_check(purpose: Purpose, channel: Channel) -> None:
    for own in rendering.builtin(purpose, channel).values():
        text = rendering.check(own)
        if channel is Channel.SMS:
            assert sms_length(text.text).part_count == 1


@pytest.mark.parametrize(
    ("draft", "said"),
    [
        (template("{{ nmae }}"), "template.text: line 1: there is no variable 'nmae'; there are code"),
        (template("\n\n{{ tracking_number }}"), "line 3: there is no variable 'tracking_number'"),
        (template("{% if name %}"), "template.text: line 1: Unexpected end of template"),
        (template("{% for x in lines %}{{ x.price }}{% endfor %}"), "there is no field 'price'"),
        (template("{{ name.item_id }}"), "cannot be rendered"),
        (template("{{ collect_deadline | moment }}"), "cannot be rendered"),
        (replace(template("Hi"), html="<p>"), "template.html: is no part of a message by SMS"),
        (replace(template("Hi", Channel.EMAIL), html=""), "template.html: is needed"),
        (replace(template("Hi", Channel.EMAIL), subject=""), "template.subject: is needed"),
        (replace(template("Hi"), text=""), "template.text: is needed"),
        (
            replace(template("Hi", Channel.EMAIL), html="<a\n href={{ code }}>"),
            "template.html: line 2: a variable in an HTML attribute stands in quotes",
        ),
    ],
)
def test_a_mistake_is_named_with_its_place(draft: Template, said: str) -> None:
    with pytest.raises(InvalidField) as refused:
        rendering.check(draft)
    assert said in str(refused.value)


def test_all_mistakes_are_named_at_once() -> None:
    with pytest.raises(InvalidField) as refused:
        rendering.check(replace(template("{{ a }}{{ b }}", Channel.EMAIL), subject="{{ c }}"))
    assert [each.field for each in refused.value.violations] == [
        "template.subject",
        "template.text",
        "template.text",
    ]


def test_escaping_follows_the_channel() -> None:
    both = replace(template("{{ name }}", Channel.EMAIL), html='<p title="{{ name }}">{{ name }}</p>')
    said = rendering.render_with(both, {}, Reader(name='<b>"O\'Hara" & Co</b>'))
    assert said.text == '<b>"O\'Hara" & Co</b>\n'
    assert said.html.count("&lt;b&gt;&#34;O&#39;Hara&#34; &amp; Co&lt;/b&gt;") == 2


@pytest.mark.parametrize(
    ("text", "gsm", "units", "parts"),
    [
        ("", True, 0, 1),
        ("a" * 160, True, 160, 1),
        ("a" * 161, True, 161, 2),
        ("a" * 306, True, 306, 2),
        ("a" * 307, True, 307, 3),
        ("€" * 80, True, 160, 1),
        ("€" * 81, True, 162, 2),
        # The escaped character does not fit into the last septet of the first part.
        ("a" * 152 + "€" + "a" * 152, True, 306, 3),
        ("é" * 160, True, 160, 1),
        ("ê" * 70, False, 70, 1),
        ("ê" * 71, False, 71, 2),
        ("😀" * 35, False, 70, 1),
        ("😀" * 36, False, 72, 2),
        ("😀" * 67, False, 134, 3),
        ("a" * 70 + "’", False, 71, 2),
    ],
)
def test_a_text_message_is_as_long_as_phones_count(text: str, *, gsm: bool, units: int, parts: int) -> None:
    length = sms_length(text)
    assert (length.gsm, length.unit_count, length.part_count) == (gsm, units, parts)


@given(st.text(max_size=400))
def test_parts_hold_what_there_is_and_not_a_part_more_than_needed(text: str) -> None:
    length = sms_length(text)
    room, alone = (153, 160) if length.gsm else (67, 70)
    assert (length.part_count == 1) == (length.unit_count <= alone)
    if length.part_count > 1:
        assert length.unit_count <= length.part_count * room
        assert length.unit_count > (length.part_count - 1) * (room - 1)


def test_a_reader_gets_their_language_or_the_next_wider_one() -> None:
    assert candidates("zh-Hant-TW") == ["zh-Hant-TW", "zh-Hant", "zh", "en"]
    saved = [template("Hoi", locale="nl"), template("Dag", locale="nl-BE"), template("Hi!", locale="en")]
    said = {
        locale: rendering.choose(saved, Purpose.ORDER_READY, Channel.SMS, locale).text
        for locale in ("nl", "nl-NL", "nl-be", "fr", "", "en-GB")
    }
    assert said == {"nl": "Hoi", "nl-NL": "Hoi", "nl-be": "Dag", "fr": "Hi!", "": "Hi!", "en-GB": "Hi!"}


@pytest.mark.parametrize(
    ("text_locale", "reader", "said"),
    [
        ("en", Reader("", ""), "Friday, 5 June 2026, 12:00 UTC"),
        ("en", Reader("en-US", "America/New_York"), "Friday, June 5, 2026, 8:00\u202fAM EDT"),
        ("en", Reader("nl-NL", "Europe/Amsterdam"), "Friday, 5 June 2026, 14:00 CEST"),
        ("nl", Reader("nl-NL", "Europe/Amsterdam"), "vrijdag 5 juni 2026, 14:00 CEST"),
        ("ja", Reader("ja-JP", "Asia/Tokyo"), "2026年6月5日金曜日, 21:00 JST"),
        ("en", Reader("xx-YY", "Mars/Olympus"), "Friday, 5 June 2026, 12:00 UTC"),
    ],
)
def test_a_time_is_said_as_the_reader_says_it(text_locale: str, reader: Reader, said: str) -> None:
    facts = {"collect_deadline": datetime(2026, 6, 5, 12, tzinfo=UTC)}
    draft = template("{{ collect_deadline | moment }}", locale=text_locale)
    assert rendering.render_with(draft, facts, reader).text == said


def test_a_saved_template_that_fails_after_all_gives_way_to_the_products_own() -> None:
    broken = replace(template("{{ collect_deadline | moment }}"), version=3)
    facts = rendering.sample(Purpose.ORDER_READY, full=False)
    said = rendering.render([broken], Purpose.ORDER_READY, Channel.SMS, facts, Reader())
    assert said.text == "Order WEB-1001 is ready at store-7. Your code: 493817"
