"""Makes Tests/Fixtures/templates/templates.json: chat templates, conversations, and what transformers renders.

    python scripts/golden/make_templates.py Tests/Fixtures/templates [SMOLLM2_CHAT_TEMPLATE.jinja]

The templates are written here after the behaviour of the published ones, in their constructs and layout
(SmolLM2's is read from the model's own file where one is given). "features" holds small templates, one for
each construct, rendered the same way. A null in place of a text means that the reference refuses to render.
Needs transformers (made with 5.23) and jinja2.
"""
import datetime
import json
import sys
from pathlib import Path

from transformers.utils import chat_template_utils as reference


class FixedDate(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls(2024, 7, 26)


reference.datetime = FixedDate
OUT = Path(sys.argv[1])
OUT.mkdir(parents=True, exist_ok=True)

CHATML = """{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"""

QWEN2 = """{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\\nYou are a helpful assistant.<|im_end|>\\n' }}{% endif %}{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"""

LLAMA3 = """{% set loop_messages = messages %}{% for message in loop_messages %}{% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'+ message['content'] | trim + '<|eot_id|>' %}{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}{{ content }}{% endfor %}{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}"""

LLAMA31 = """{{- bos_token }}
{%- if custom_tools is defined %}
    {%- set tools = custom_tools %}
{%- endif %}
{%- if not tools_in_user_message is defined %}
    {%- set tools_in_user_message = true %}
{%- endif %}
{%- if not date_string is defined %}
    {%- if strftime_now is defined %}
        {%- set date_string = strftime_now("%d %b %Y") %}
    {%- else %}
        {%- set date_string = "26 Jul 2024" %}
    {%- endif %}
{%- endif %}
{%- if not tools is defined %}
    {%- set tools = none %}
{%- endif %}

{#- The system message goes into the block below, whether there is one or not. #}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}

{#- The system block #}
{{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
{%- if builtin_tools is defined or tools is not none %}
    {{- "Environment: ipython\\n" }}
{%- endif %}
{%- if builtin_tools is defined %}
    {{- "Tools: " + builtin_tools | reject('equalto', 'code_interpreter') | join(", ") + "\\n\\n"}}
{%- endif %}
{{- "Cutting Knowledge Date: December 2023\\n" }}
{{- "Today Date: " + date_string + "\\n\\n" }}
{%- if tools is not none and not tools_in_user_message %}
    {%- for t in tools %}
        {{- t | tojson(indent=4) }}
        {{- "\\n\\n" }}
    {%- endfor %}
{%- endif %}
{{- system_message }}
{{- "<|eot_id|>" }}

{#- Tools may stand in the first user message instead. #}
{%- if tools_in_user_message and not tools is none %}
    {%- if messages | length != 0 %}
        {%- set first_user_message = messages[0]['content']|trim %}
        {%- set messages = messages[1:] %}
    {%- else %}
        {{- raise_exception("Cannot put tools in the first user message when there's no first user message!") }}
{%- endif %}
    {{- '<|start_header_id|>user<|end_header_id|>\\n\\n' -}}
    {%- for t in tools %}
        {{- t | tojson(indent=4) }}
        {{- "\\n\\n" }}
    {%- endfor %}
    {{- first_user_message + "<|eot_id|>"}}
{%- endif %}

{%- for message in messages %}
    {%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}
        {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'+ message['content'] | trim + '<|eot_id|>' }}
    {%- elif 'tool_calls' in message %}
        {%- if not message.tool_calls|length == 1 %}
            {{- raise_exception("This model only supports single tool-calls at once!") }}
        {%- endif %}
        {%- set tool_call = message.tool_calls[0].function %}
        {{- '{"name": "' + tool_call.name + '", ' }}
        {%- for arg_name, arg_val in tool_call.arguments | items %}
            {{- arg_name + '="' + arg_val + '"' }}
            {%- if not loop.last %}
                {{- ", " }}
            {%- endif %}
        {%- endfor %}
    {%- elif message.role == "tool" or message.role == "ipython" %}
        {%- if message.content is mapping or message.content is iterable %}
            {{- message.content | tojson }}
        {%- else %}
            {{- message.content }}
        {%- endif %}
        {{- "<|eot_id|>" }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}
"""

TOOLS = """    {{- "# Tools\\n\\n<tools>" }}
    {%- for tool in tools %}
        {{- "\\n" }}
        {{- tool | tojson }}
    {%- endfor %}
    {{- "\\n</tools><|im_end|>\\n" }}
"""

QWEN25 = """{%- if tools %}
    {{- '<|im_start|>system\\n' }}
    {%- if messages[0]['role'] == 'system' %}
        {{- messages[0]['content'] }}
    {%- else %}
        {{- 'You are Qwen, created by Alibaba Cloud. You are a helpful assistant.' }}
    {%- endif %}
    {{- "\\n\\n" }}
""" + TOOLS + """{%- else %}
    {%- if messages[0]['role'] == 'system' %}
        {{- '<|im_start|>system\\n' + messages[0]['content'] + '<|im_end|>\\n' }}
    {%- else %}
        {{- '<|im_start|>system\\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\\n' }}
    {%- endif %}
{%- endif %}
{%- for message in messages %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) or (message.role == "assistant" and not message.tool_calls) %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}
    {%- elif message.role == "assistant" %}
        {{- '<|im_start|>' + message.role }}
        {%- if message.content %}
            {{- '\\n' + message.content }}
        {%- endif %}
        {%- for tool_call in message.tool_calls %}
            {%- if tool_call.function is defined %}
                {%- set tool_call = tool_call.function %}
            {%- endif %}
            {{- '\\n<tool_call>\\n{"name": "' }}
            {{- tool_call.name }}
            {{- '", "arguments": ' }}
            {{- tool_call.arguments | tojson }}
            {{- '}\\n</tool_call>' }}
        {%- endfor %}
        {{- '<|im_end|>\\n' }}
    {%- elif message.role == "tool" %}
        {%- if (loop.index0 == 0) or (messages[loop.index0 - 1].role != "tool") %}
            {{- '<|im_start|>user' }}
        {%- endif %}
        {{- '\\n<tool_response>\\n' }}
        {{- message.content }}
        {{- '\\n</tool_response>' }}
        {%- if loop.last or (messages[loop.index0 + 1].role != "tool") %}
            {{- '<|im_end|>\\n' }}
        {%- endif %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
"""

QWEN3 = """{%- if tools %}
    {{- '<|im_start|>system\\n' }}
    {%- if messages[0].role == 'system' %}
        {{- messages[0].content + '\\n\\n' }}
    {%- endif %}
""" + TOOLS + """{%- else %}
    {%- if messages[0].role == 'system' %}
        {{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}
    {%- endif %}
{%- endif %}
{%- set ns = namespace(multi_step_tool=true, last_query_index=messages|length - 1) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if ns.multi_step_tool and message.role == "user" and message.content is string and not(message.content.startswith('<tool_response>') and message.content.endswith('</tool_response>')) %}
        {%- set ns.multi_step_tool = false %}
        {%- set ns.last_query_index = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- if message.content is string %}
        {%- set content = message.content %}
    {%- else %}
        {%- set content = '' %}
    {%- endif %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) %}
        {{- '<|im_start|>' + message.role + '\\n' + content + '<|im_end|>' + '\\n' }}
    {%- elif message.role == "assistant" %}
        {%- set reasoning_content = '' %}
        {%- if message.reasoning_content is string %}
            {%- set reasoning_content = message.reasoning_content %}
        {%- else %}
            {%- if '</think>' in content %}
                {%- set reasoning_content = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
                {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
            {%- endif %}
        {%- endif %}
        {%- if loop.index0 > ns.last_query_index %}
            {%- if loop.last or (not loop.last and reasoning_content) %}
                {{- '<|im_start|>' + message.role + '\\n<think>\\n' + reasoning_content.strip('\\n') + '\\n</think>\\n\\n' + content.lstrip('\\n') }}
            {%- else %}
                {{- '<|im_start|>' + message.role + '\\n' + content }}
            {%- endif %}
        {%- else %}
            {{- '<|im_start|>' + message.role + '\\n' + content }}
        {%- endif %}
        {{- '<|im_end|>\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}
"""

SMOLLM2 = """{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system
You are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>
' }}{% endif %}{{'<|im_start|>' + message['role'] + '
' + message['content'] + '<|im_end|>' + '
'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant
' }}{% endif %}"""
if len(sys.argv) > 2:
    assert Path(sys.argv[2]).read_text() == SMOLLM2, "the model's own template differs from the one here"

MISTRAL = """{%- if messages[0]["role"] == "system" %}
    {%- set system_message = messages[0]["content"] %}
    {%- set loop_messages = messages[1:] %}
{%- else %}
    {%- set loop_messages = messages %}
{%- endif %}
{%- if not tools is defined %}
    {%- set tools = none %}
{%- endif %}
{%- set user_messages = loop_messages | selectattr("role", "equalto", "user") | list %}

{#- Users and assistants take turns; messages about tools do not count. #}
{%- set ns = namespace() %}
{%- set ns.index = 0 %}
{%- for message in loop_messages %}
    {%- if not (message.role == "tool" or message.role == "tool_results" or (message.tool_calls is defined and message.tool_calls is not none)) %}
        {%- if (message["role"] == "user") != (ns.index % 2 == 0) %}
            {{- raise_exception("After the optional system message, conversation roles must alternate user/assistant/user/assistant/...") }}
        {%- endif %}
        {%- set ns.index = ns.index + 1 %}
    {%- endif %}
{%- endfor %}

{{- bos_token }}
{%- for message in loop_messages %}
    {%- if message["role"] == "user" %}
        {%- if tools is not none and (message == user_messages[-1]) %}
            {{- "[AVAILABLE_TOOLS] [" }}
            {%- for tool in tools %}
                {%- set tool = tool.function %}
                {{- '{"type": "function", "function": {' }}
                {%- for key, val in tool.items() if key != "return" %}
                    {%- if val is string %}
                        {{- '"' + key + '": "' + val + '"' }}
                    {%- else %}
                        {{- '"' + key + '": ' + val|tojson }}
                    {%- endif %}
                    {%- if not loop.last %}
                        {{- ", " }}
                    {%- endif %}
                {%- endfor %}
                {{- "}}" }}
                {%- if not loop.last %}
                    {{- ", " }}
                {%- else %}
                    {{- "]" }}
                {%- endif %}
            {%- endfor %}
            {{- "[/AVAILABLE_TOOLS]" }}
        {%- endif %}
        {%- if loop.last and system_message is defined %}
            {{- "[INST] " + system_message + "\\n\\n" + message["content"] + "[/INST]" }}
        {%- else %}
            {{- "[INST] " + message["content"] + "[/INST]" }}
        {%- endif %}
    {%- elif message["role"] == "assistant" %}
        {{- " " + message["content"]|trim + eos_token}}
    {%- else %}
        {{- raise_exception("Only user and assistant roles are supported, with the exception of an initial optional system message!") }}
    {%- endif %}
{%- endfor %}
"""

GEMMA = """{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}{% if (message['role'] == 'assistant') %}{% set role = 'model' %}{% else %}{% set role = message['role'] %}{% endif %}{{ '<start_of_turn>' + role + '\\n' + message['content'] | trim + '<end_of_turn>\\n' }}{% endfor %}{% if add_generation_prompt %}{{'<start_of_turn>model\\n'}}{% endif %}"""

GEMMA3 = """{{ bos_token }}
{%- if messages[0]['role'] == 'system' -%}
    {%- if messages[0]['content'] is string -%}
        {%- set first_user_prefix = messages[0]['content'] + '\\n\\n' -%}
    {%- else -%}
        {%- set first_user_prefix = messages[0]['content'][0]['text'] + '\\n\\n' -%}
    {%- endif -%}
    {%- set loop_messages = messages[1:] -%}
{%- else -%}
    {%- set first_user_prefix = "" -%}
    {%- set loop_messages = messages -%}
{%- endif -%}
{%- for message in loop_messages -%}
    {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) -%}
        {{ raise_exception("Conversation roles must alternate user/assistant/user/assistant/...") }}
    {%- endif -%}
    {%- if (message['role'] == 'assistant') -%}
        {%- set role = "model" -%}
    {%- else -%}
        {%- set role = message['role'] -%}
    {%- endif -%}
    {{ '<start_of_turn>' + role + '\\n' + (first_user_prefix if loop.first else "") }}
    {%- if message['content'] is string -%}
        {{ message['content'] | trim }}
    {%- elif message['content'] is iterable -%}
        {%- for item in message['content'] -%}
            {%- if item['type'] == 'image' -%}
                {{ '<start_of_image>' }}
            {%- elif item['type'] == 'text' -%}
                {{ item['text'] | trim }}
            {%- endif -%}
        {%- endfor -%}
    {%- else -%}
        {{ raise_exception("Invalid content type") }}
    {%- endif -%}
    {{ '<end_of_turn>\\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {{'<start_of_turn>model\\n'}}
{%- endif -%}
"""

PHI3 = """{% for message in messages %}{% if message['role'] == 'system' %}{{'<|system|>\\n' + message['content'] + '<|end|>\\n'}}{% elif message['role'] == 'user' %}{{'<|user|>\\n' + message['content'] + '<|end|>\\n'}}{% elif message['role'] == 'assistant' %}{{'<|assistant|>\\n' + message['content'] + '<|end|>\\n'}}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% else %}{{ eos_token }}{% endif %}"""

PHI4 = """{% for message in messages %}{% if message['role'] == 'system' and 'tools' in message and message['tools'] is not none %}{{ '<|' + message['role'] + '|>' + message['content'] + '<|tool|>' + message['tools'] + '<|/tool|>' + '<|end|>' }}{% else %}{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% else %}{{ eos_token }}{% endif %}"""

OLMO2 = """{{ bos_token }}{% for message in messages %}{% if message['role'] == 'system' %}{{ '<|system|>\\n' + message['content'] + '\\n' }}{% elif message['role'] == 'user' %}{{ '<|user|>\\n' + message['content'] + '\\n' }}{% elif message['role'] == 'assistant' %}{% if not loop.last %}{{ '<|assistant|>\\n' + message['content'] + eos_token + '\\n' }}{% else %}{{ '<|assistant|>\\n' + message['content'] + eos_token }}{% endif %}{% endif %}{% if loop.last and add_generation_prompt %}{{ '<|assistant|>\\n' }}{% endif %}{% endfor %}"""

SMOLLM3 = """{# What counts where nothing is said #}
{%- if enable_thinking is not defined -%}
{%- set enable_thinking = true -%}
{%- endif -%}
{%- set mode = "/think" if enable_thinking else "/no_think" -%}

{{- "<|im_start|>system\\n" -}}
{%- if messages[0].role == "system" -%}
  {%- set system_message = messages[0].content -%}
  {%- if "/no_think" in system_message -%}
    {%- set mode = "/no_think" -%}
  {%- elif "/think" in system_message -%}
    {%- set mode = "/think" -%}
  {%- endif -%}
  {%- set instructions = system_message.replace("/no_think", "").replace("/think", "").rstrip() -%}
{%- endif -%}

{%- if system_message is defined and "/system_override" in system_message -%}
  {{- instructions.replace("/system_override", "").rstrip() -}}
{%- else -%}
  {{- "## Metadata\\n\\n" -}}
  {{- "Knowledge Cutoff Date: June 2025\\n" -}}
  {%- set today = strftime_now("%d %B %Y") -%}
  {{- "Today Date: " ~ today ~ "\\n" -}}
  {{- "Reasoning Mode: " + mode + "\\n\\n" -}}
  {{- "## Custom Instructions\\n\\n" -}}
  {%- if instructions -%}
    {{- instructions + "\\n\\n" -}}
  {%- else -%}
    {{- "You are a helpful assistant.\\n\\n" -}}
  {%- endif -%}
{%- endif -%}
{{- "<|im_end|>\\n" -}}

{%- for message in messages -%}
    {%- set content = message.content if message.content is string else "" -%}
    {%- if message.role == "user" -%}
        {{ "<|im_start|>" + message.role + "\\n"  + content + "<|im_end|>\\n" }}
    {%- elif message.role == "assistant" -%}
        {% generation %}
        {%- if mode == "/think" -%}
            {{ "<|im_start|>assistant\\n" + content.lstrip("\\n") + "<|im_end|>\\n" }}
        {%- else -%}
            {{ "<|im_start|>assistant\\n" + "<think>\\n\\n</think>\\n" + content.lstrip("\\n") + "<|im_end|>\\n" }}
        {%- endif -%}
        {% endgeneration %}
    {%- elif message.role == "tool" -%}
    {{ "<|im_start|>" + "user\\n"  + content + "<|im_end|>\\n" }}
    {%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {%- if mode == "/think" -%}
        {{ "<|im_start|>assistant\\n" }}
    {%- else -%}
        {{ "<|im_start|>assistant\\n" + "<think>\\n\\n</think>\\n"  }}
    {%- endif -%}
{%- endif -%}
"""

LLAMA2 = """{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}{% set system_message = messages[0]['content'] %}{% else %}{% set loop_messages = messages %}{% set system_message = false %}{% endif %}{% for message in loop_messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}{% if loop.index0 == 0 and system_message != false %}{% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + message['content'] %}{% else %}{% set content = message['content'] %}{% endif %}{% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}{% elif message['role'] == 'assistant' %}{{ ' '  + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}"""

FAMILIES = {
    "chatml": (CHATML, "<|im_start|>", "<|im_end|>"),
    "qwen2": (QWEN2, None, "<|im_end|>"),
    "qwen2.5": (QWEN25, None, "<|im_end|>"),
    "qwen3": (QWEN3, None, "<|im_end|>"),
    "smollm2": (SMOLLM2, "<|im_start|>", "<|im_end|>"),
    "llama2": (LLAMA2, "<s>", "</s>"),
    "llama3": (LLAMA3, "<|begin_of_text|>", "<|eot_id|>"),
    "llama3.1": (LLAMA31, "<|begin_of_text|>", "<|eot_id|>"),
    "mistral": (MISTRAL, "<s>", "</s>"),
    "gemma": (GEMMA, "<bos>", "<eos>"),
    "gemma3": (GEMMA3, "<bos>", "<eos>"),
    "phi3": (PHI3, "<s>", "<|endoftext|>"),
    "phi4": (PHI4, "<|endoftext|>", "<|endoftext|>"),
    "olmo2": (OLMO2, "<|endoftext|>", "<|endoftext|>"),
    "smollm3": (SMOLLM3, None, "<|im_end|>"),
}


def talk(*contents, system=None):
    messages = [{"role": "system", "content": system}] if system is not None else []
    roles = ["user", "assistant"]
    return messages + [{"role": roles[k % 2], "content": content} for k, content in enumerate(contents)]


CONVERSATIONS = [
    (talk("Hello"), True, {}),
    (talk("Hello"), False, {}),
    (talk("Is this sentence acceptable?\nThe cat sat on the mat.", system="Answer with one word."), True, {}),
    (talk("2 + 2?", "4", system="You are terse."), False, {}),
    (talk("One", "Two", "Three"), True, {}),
    (talk("One", "Two", "Three", "Four", system="Count."), False, {}),
    (talk("  leading and trailing  \n", " \t padded answer \n\n", "\n\nnext"), True, {}),
    (talk("", ""), False, {}),
    (talk("", system=""), True, {}),
    (talk("   ", system="  spaces  "), True, {}),
    (talk("Größe, 大小, величина, حجم, \U0001f469\u200d\U0001f680, e\u0301", "\u00a0oui\u3000"), True, {}),
    (talk("{{ messages }} {% if x %} {# no #} \\n 'quotes' \"double\"", "</s><|im_end|>"), True, {}),
    (talk("Why?", "<think>\nbecause\n</think>\n\nSo."), False, {}),
    (talk("Why?", "<think>\nbecause\n</think>\n\nSo.", "And?"), True, {"enable_thinking": False}),
    (talk("Why?", "\n\nplain", "And?", "x </think> y </think>\n z"), False, {"enable_thinking": True}),
    (talk("Line one\r\nline two\ttab\x0b\x0c", "a\x1cb \x1f"), True, {}),
    (talk("What day is it?", system="Use the date."), True, {"date_string": "1 Jan 2025"}),
    ([{"role": "assistant", "content": "I begin."}, {"role": "user", "content": "Odd."}], True, {}),
    ([{"role": "user", "content": "A"}, {"role": "system", "content": "late"}, {"role": "user", "content": "<tool_response>r</tool_response>"}], True, {}),
    (talk(*[f"turn {k}\n- item {{}} <b>&amp;</b>" for k in range(9)], system="S\n\n"), True, {"current_date": "2024-07-26"}),
]

TOOL = {"type": "function", "function": {"name": "add", "description": "Adds \u00e9 \"x\"", "parameters": {"type": "object", "properties": {"a": {"type": "number"}, "b": [1, 2.5, True, None, {}, []]}}}}
CONVERSATIONS_WITH_TOOLS = [(talk("Add 1 and 2.", system="S"), True, {"tools": [TOOL]})]

# One small template for each construct; the context is FEATURE_CONTEXT.
FEATURE_CONTEXT = {"xs": [3, 1, 2], "s": " Hello, W\u00f6rld ", "d": {"b": 1, "a": [True, None, 1.5]}, "n": 7, "t": True, "empty": "", "users": [{"name": "Ann", "age": 3}, {"name": "bob", "age": 1}]}
FEATURES = [
    "{{ xs }} {{ d }} {{ s }} {{ none }} {{ true }} {{ 1.5 }} {{ missing }}|",
    "  {% if t %}\n    indented\n  {% endif %}\nafter\n",
    "a\n\n  {%- if t -%}  \n b {%- endif %}\n\nc\n\n",
    "{% for x in xs %}\n  {{ x }}\n{% endfor %}\nend",
    "{%+ if t %}x{% endif %}  {#- gone -#}  y {# c #}\nz\n  {# line #}\nw",
    "x {{- ' a ' -}} y {{ ' b ' }}\nz",
    "{% for x in xs %}{{ loop.index }}{{ loop.index0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.revindex }}{{ loop.previtem }}{{ loop.nextitem }};{% else %}none{% endfor %}",
    "{% for x in [] %}x{% else %}nothing{% endfor %}",
    "{% for k, v in d.items() %}{{ k }}={{ v }},{% endfor %}{% for k in d %}{{ k }}{% endfor %}{% for k, v in d|items %}{{ k }}{% endfor %}",
    "{% for x in xs if x > 1 %}{{ x }}{{ loop.last }}{% endfor %}",
    "{% for x in xs %}{% if x == 1 %}{% continue %}{% endif %}{{ x }}{% if x == 2 %}{% break %}{% endif %}{% endfor %}",
    "{% set a = 1 %}{% for x in xs %}{% set a = a + x %}{{ a }} {% endfor %}{{ a }}",
    "{% set ns = namespace(c=0, last='') %}{% for x in xs %}{% set ns.c = ns.c + x %}{% set ns.last = x %}{% endfor %}{{ ns.c }} {{ ns.last }} {{ ns.other is defined }}",
    "{% if t %}{% set inside = 5 %}{% endif %}{{ inside }}",
    "{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set c = (1, 2) %}{{ c[1] }}",
    "{% set block %}\n  hi {{ n }}\n{% endset %}[{{ block }}]",
    "{{ 7 // 2 }} {{ -7 // 2 }} {{ 7 % 3 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 6 / 2 }} {{ 2 * 3 + 4 }} {{ 2 * (3 + 4) }} {{ 'ab' * 3 }} {{ 1 ~ 'x' ~ none }} {{ 7.5 // 2 }} {{ -n }}",
    "{{ 'a' + 'b' }} {{ [1] + [2] }} {{ 1 + 1.0 }} {{ true + 1 }}",
    "{{ 1 < 2 < 3 }} {{ 1 == 1.0 }} {{ 'a' < 'b' }} {{ 1 != 2 }} {{ 3 >= 3 }} {{ 'a' == 'a' }} {{ none == none }} {{ [1, 2] == [1, 2] }} {{ {'a': 1} == {'a': 1} }}",
    "{{ 'ell' in s }} {{ 9 in xs }} {{ 'a' in d }} {{ 'z' not in d }} {{ not 1 in xs }} {{ 'x' in missing }}",
    "{{ 'yes' if t else 'no' }} {{ 'x' if not t }} {{ t and 0 }} {{ 0 or 'b' }} {{ not t }} {{ 1 if t else 2 if n else 3 }}",
    "{{ xs[0] }} {{ xs[-1] }} {{ xs[1:] }} {{ xs[:-1] }} {{ xs[::-1] }} {{ s[1:6] }} {{ s[::-1] }} {{ xs[9] }} {{ d['a'][2] }} {{ d.a[0] }} {{ xs.0 }} {{ xs[::2] }} {{ xs[5:] }}",
    "{{ s.strip() }}|{{ s.lstrip() }}|{{ s.rstrip() }}|{{ 'xxaxx'.strip('x') }}|{{ s.upper() }}|{{ s.lower() }}|{{ 'hello wORLD'.title() }}|{{ 'hELLO'.capitalize() }}",
    "{{ 'a,b,c'.split(',') }} {{ 'a  b c'.split() }} {{ 'a,b,c'.split(',', 1) }} {{ 'a,b,c'.rsplit(',', 1) }} {{ ''.split(',') }} {{ 'a\\nb\\n'.splitlines() }}",
    "{{ 'abc'.startswith('ab') }} {{ 'abc'.endswith(('x', 'c')) }} {{ 'aXbX'.replace('X', '--') }} {{ 'aXbX'.replace('X', '', 1) }} {{ 'abc'.find('c') }} {{ 'abcb'.count('b') }} {{ '-'.join(['a', 'b']) }} {{ '12'.isdigit() }}",
    "{{ d.get('a') }} {{ d.get('z') }} {{ d.get('z', 'std') }} {{ d.keys()|list }} {{ d.values()|list }}",
    "{{ s|trim }}|{{ s|length }}|{{ xs|length }}|{{ missing|length }}|{{ xs|join(', ') }}|{{ xs|first }}|{{ xs|last }}|{{ s|upper }}|{{ s|lower }}|{{ 'ab cd'|title }}|{{ 'ab'|capitalize }}",
    "{{ missing|default('d') }} {{ empty|default('d') }} {{ empty|default('d', true) }} {{ empty|d('e', boolean=true) }}",
    "{{ 'aXb'|replace('X', 'y') }} {{ xs|reject('equalto', 1)|list }} {{ xs|select('odd')|list }} {{ users|selectattr('age', 'gt', 1)|map(attribute='name')|list }} {{ users|rejectattr('name', 'equalto', 'bob')|list }} {{ xs|map('string')|join }} {{ users|map(attribute='name')|join('-') }}",
    "{{ 'abc'|list }} {{ n|string + 'x' }} {{ '5'|int + 1 }} {{ 'x'|int }} {{ 3.9|int }} {{ '1.5'|float }} {{ -3|abs }} {{ [1, 1, 2]|unique|list }} {{ xs|reverse|list }} {{ xs|sort }} {% for k, v in d|dictsort %}{{ k }}{% endfor %}",
    "{{ d|tojson }} {{ s|tojson }} {{ 'q\"\\\\\\n\\t\\u0001/<>'|tojson }} {{ [1, 2]|tojson(indent=2) }} {{ d|tojson(indent=4) }} {{ {}|tojson }} {{ []|tojson(indent=2) }} {{ {'b': 1, 'a': 2}|tojson(sort_keys=true) }}",
    "{{ 'a\\nb\\n\\nc'|indent(2) }} {{ 'a\\nb'|indent(2, true) }}",
    "{{ t is defined }} {{ missing is defined }} {{ missing is not defined }} {{ none is none }} {{ s is string }} {{ d is mapping }} {{ xs is iterable }} {{ n is number }} {{ t is true }} {{ t is false }} {{ n is equalto 7 }} {{ n is odd }} {{ n is divisibleby 7 }} {{ n is in [7, 8] }} {{ xs is sequence }} {{ t is boolean }} {{ n is integer }} {{ 1.5 is float }} {{ d.x is undefined }}",
    "{{ range(3)|list }} {{ range(1, 6, 2)|list }} {% for i in range(3, 0, -1) %}{{ i }}{% endfor %} {{ dict(a=1, b='x') }}",
    "{% macro hi(name, mark='!') %}Hi {{ name }}{{ mark }}{% endmacro %}{{ hi('Ann') }} {{ hi('Bob', mark='?') }} {{ hi(name='C') }}",
    "{{ strftime_now('%d %b %Y') }} {{ strftime_now('%Y-%m-%d %B %A %a %j %H:%M %%') }}",
    "{% generation %}kept{% endgeneration %}",
    "{{ 'a' 'b' }} {{ \"it's\" }} {{ 'tab\\there' }} {{ '\\u00e9\\x41' }} {{ ['it\\'s', \"q\"] }} {{ 'back\\\\slash' }}",
    "{{ (1, 2)[0] }} {{ {'a': {'b': [10, 20]}}['a'].b[1] }} {{ [1, [2, 3]][1][0] }} {{ ('x') }}",
    "{{ d['items'] is defined }}",
    "{{ n if n is defined and n is not none else 'x' }} {{ (n|string).startswith('7') }} {{ xs|length > 2 and xs[0] == 3 }}",
    "{% for user in users %}{% for x in xs %}{{ loop.index }}{{ user.name }}{% endfor %}{{ loop.index }};{% endfor %}",
    "{% for c in 'h\u00e9!' %}{{ c }}.{% endfor %}",
    "{% if n > 10 %}a{% elif n > 5 %}b{% elif n > 1 %}c{% else %}d{% endif %}",
    "line\r\n{% if t %}\r\nx\r\n{% endif %}\r\nend\r\n\r\n",
    "{{ missing.x }}",
    "{{ 1 + 'a' }}",
    "{{ raise_exception('no') }}",
    "{% set x = 1 %}{% macro m() %}{{ x }}{{ n }}{% endmacro %}{% set x = 2 %}{{ m() }}",
    "{{ 'A' if false }}{{ ''|length }}{{ 0 == false }}{{ 'a' ~ 1 ~ 2.0 }}",
]


def render(template: str, messages, generation: bool, variables: dict):
    try:
        rendered, _ = reference.render_jinja_template(
            [messages], chat_template=template, add_generation_prompt=generation, **variables
        )
        return rendered[0]
    except Exception as error:  # noqa: BLE001 - a refusal is what the fixture records
        print("refused:", type(error).__name__, error, file=sys.stderr)
        return None


def case(conversation):
    messages, generation, variables = conversation
    return {"messages": messages, "generation": generation, "variables": variables}


families = {}
for family, (source, bos, eos) in FAMILIES.items():
    tokens = {key: token for key, token in (("bos_token", bos), ("eos_token", eos)) if token}
    texts = [
        render(source, messages, generation, {**tokens, **variables})
        for messages, generation, variables in CONVERSATIONS + CONVERSATIONS_WITH_TOOLS
    ]
    families[family] = {"source": source, **tokens, "texts": texts}

features = [{"source": source, "text": render(source, [], False, FEATURE_CONTEXT)} for source in FEATURES]
fixture = {
    "conversations": [case(conversation) for conversation in CONVERSATIONS + CONVERSATIONS_WITH_TOOLS],
    "families": families,
    "feature_context": FEATURE_CONTEXT,
    "features": features,
}
(OUT / "templates.json").write_text(json.dumps(fixture, separators=(",", ":")) + "\n")
