"""The explanation for a notebook."""

from __future__ import annotations

from jinja2 import Environment

from seqwise.inspection.explain import text
from seqwise.inspection.explain.content import Content

PAGE = """\
{%- macro tensor_line(tensor, where) -%}
<p>{{ where }} <b>{{ tensor.name }}</b> {{ text.tensor_words(tensor) }}
{%- for name, meaning in tensor.meanings.items() %}<br>&nbsp;&nbsp;{{ name }}: {{ meaning }}{% endfor %}</p>
{%- endmacro -%}
{%- set cell = "text-align:left;vertical-align:top;white-space:pre;padding:2px 10px 2px 0" -%}
<div><p><b>{{ content.title }}</b></p>
{% for tensor in content.inputs %}{{ tensor_line(tensor, "in") }}
{% endfor %}
{%- if content.steps -%}
<table><tr>{% for title in columns %}<th style="{{ cell }}">{{ title }}</th>{% endfor %}</tr>
{%- for row in zip(*columns.values()) %}
<tr>{% for words in row %}<td style="{{ cell }}">{{ words }}</td>{% endfor %}</tr>
{%- endfor %}
</table>
{% for step in content.steps -%}
<p>{{ loop.index }} <b>{{ step.name }}</b> = <code>{{ step.label }}</code>
{%- for line in text.sentences(step) %}<br>{{ line }}{% endfor %}</p>
{% endfor -%}
{% endif -%}
{% for tensor in content.outputs %}{{ tensor_line(tensor, "out") }}
{% if tensor.receptive_field %}<p>{{ text.field_sentence(tensor) }}</p>
{% endif %}{% endfor -%}
{% if content.steps %}<p>{{ text.parameters_sentence(content) }}</p>
{% endif %}
{%- for note in content.notes %}<p>Note: {{ note }}</p>
{% endfor -%}
</div>"""


def html(explanation: Content) -> str:
    """The explanation as a fragment of HTML: every text of the user's is escaped, every style is inline."""
    page = Environment(autoescape=True).from_string(PAGE)
    return page.render(content=explanation, columns=text.columns_of(explanation), text=text, zip=zip)
