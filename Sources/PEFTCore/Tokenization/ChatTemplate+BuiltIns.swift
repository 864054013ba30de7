extension ChatTemplate {
  /// The names of the built-in templates; some have several.
  public static let builtInNames = builtIns.flatMap(\.names)

  /// The built-in template of a name, or nil.
  ///
  /// Each renders conversations of text as the family's own template on the Hugging Face Hub does.
  public static func builtIn(_ name: String) throws(TemplateError) -> ChatTemplate? {
    guard let found = builtIns.first(where: { $0.names.contains(name.lowercased()) }) else { return nil }
    return try ChatTemplate(source: found.source, name: found.names[0])
  }

  private static let builtIns: [(names: [String], source: String)] = [
    (["chatml"], chatML(standardSystem: nil)),
    (
      ["smollm2", "smollm"],
      chatML(standardSystem: "You are a helpful AI assistant named SmolLM, trained by Hugging Face")
    ),
    (["qwen2"], chatML(standardSystem: "You are a helpful assistant.")),
    (
      ["qwen2.5", "qwen"],
      chatML(standardSystem: "You are Qwen, created by Alibaba Cloud. You are a helpful assistant.")
    ),
    (["qwen3"], qwen3),
    (["llama3"], llama3),
    (["llama3.1", "llama3.2", "llama3.3"], llama31),
    (["llama2"], llama2),
    (["mistral"], mistral),
    (["gemma", "gemma2"], gemma),
    (["gemma3"], gemma3),
    (["phi3", "phi4-mini"], phi3),
    (["default"], plainDialogue),
    (["plain"], bare),
  ]

  /// Turns between `<|im_start|>` and `<|im_end|>`; a family may bring a system message for who sends none.
  private static func chatML(standardSystem: String?) -> String {
    let opening = standardSystem.map { system in
      """
      {%- if messages and messages[0].role != 'system' %}{{ '<|im_start|>system\\n\(system)<|im_end|>\\n' }}{% endif %}
      """
    }
    return """
      \(opening ?? "")
      {%- for message in messages %}
        {{- '<|im_start|>' ~ message.role ~ '\\n' ~ message.content ~ '<|im_end|>\\n' }}
      {%- endfor %}
      {%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{% endif %}
      """
  }

  /// ChatML that shows an answer's reasoning only after the last question.
  private static let qwen3 = """
    {%- set seen = namespace(last_question=messages|length - 1, searching=true) %}
    {%- for message in messages|reverse %}
      {%- set is_tool = message.content.startswith('<tool_response>') and message.content.endswith('</tool_response>') %}
      {%- if seen.searching and message.role == 'user' and not is_tool %}
        {%- set seen.searching = false %}
        {%- set seen.last_question = messages|length - loop.index %}
      {%- endif %}
    {%- endfor %}
    {%- for message in messages %}
      {%- if message.role == 'assistant' %}
        {%- set parts = message.content.split('</think>') %}
        {%- set answer = parts[-1] if parts|length == 1 else parts[-1].lstrip('\\n') %}
        {%- set reasoning = '' if parts|length == 1 else parts[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
        {{- '<|im_start|>assistant\\n' }}
        {%- if loop.index0 > seen.last_question and (loop.last or reasoning) %}
          {{- '<think>\\n' ~ reasoning.strip('\\n') ~ '\\n</think>\\n\\n' ~ answer.lstrip('\\n') }}
        {%- else %}
          {{- answer }}
        {%- endif %}
        {{- '<|im_end|>\\n' }}
      {%- elif message.role in ['system', 'user'] %}
        {{- '<|im_start|>' ~ message.role ~ '\\n' ~ message.content ~ '<|im_end|>\\n' }}
      {%- endif %}
    {%- endfor %}
    {%- if add_generation_prompt %}
      {{- '<|im_start|>assistant\\n' }}
      {%- if enable_thinking is defined and enable_thinking is false %}{{ '<think>\\n\\n</think>\\n\\n' }}{% endif %}
    {%- endif %}
    """

  private static let llama3Turns = """
    {%- for message in turns %}
      {{- '<|start_header_id|>' ~ message.role ~ '<|end_header_id|>\\n\\n' ~ message.content|trim ~ '<|eot_id|>' }}
    {%- endfor %}
    {%- if add_generation_prompt %}{{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}
    """

  private static let llama3 = """
    {{- bos_token }}
    {%- set turns = messages %}
    \(llama3Turns)
    """

  /// As Llama 3, with dates in a system block that is always there.
  private static let llama31 = """
    {{- bos_token }}
    {%- set has_system = messages and messages[0].role == 'system' %}
    {%- set turns = messages[1:] if has_system else messages %}
    {%- set today = date_string if date_string is defined else strftime_now('%d %b %Y') %}
    {{- '<|start_header_id|>system<|end_header_id|>\\n\\n' }}
    {{- 'Cutting Knowledge Date: December 2023\\nToday Date: ' ~ today ~ '\\n\\n' }}
    {{- messages[0].content|trim if has_system else '' }}
    {{- '<|eot_id|>' }}
    \(llama3Turns)
    """

  /// What comes first in families whose roles must alternate: takes the system message off.
  private static let alternation = """
    {%- set has_system = messages and messages[0].role == 'system' %}
    {%- set turns = messages[1:] if has_system else messages %}
    {%- for message in turns %}
      {%- if (message.role == 'user') != (loop.index0 is even) %}
        {{- raise_exception('after the system message, user and assistant must take turns') }}
      {%- endif %}
    {%- endfor %}
    """

  private static let llama2 = """
    \(alternation)
    {%- for message in turns %}
      {%- if message.role == 'assistant' %}
        {{- ' ' ~ message.content.strip() ~ ' ' ~ eos_token }}
      {%- elif message.role == 'user' %}
        {%- set system = '<<SYS>>\\n' ~ messages[0].content ~ '\\n<</SYS>>\\n\\n' if has_system and loop.first else '' %}
        {{- bos_token ~ '[INST] ' ~ (system ~ message.content).strip() ~ ' [/INST]' }}
      {%- endif %}
    {%- endfor %}
    """

  /// The system message is in the last question.
  private static let mistral = """
    \(alternation)
    {{- bos_token }}
    {%- for message in turns %}
      {%- if message.role == 'assistant' %}
        {{- ' ' ~ message.content|trim ~ eos_token }}
      {%- elif message.role != 'user' %}
        {{- raise_exception('only a first system message, users and assistants can speak') }}
      {%- else %}
        {{- '[INST] ' ~ (messages[0].content ~ '\\n\\n' if has_system and loop.last else '') }}
        {{- message.content ~ '[/INST]' }}
      {%- endif %}
    {%- endfor %}
    """

  private static let gemmaTurns = """
    {{- bos_token }}
    {%- for message in turns %}
      {{- '<start_of_turn>' ~ ('model' if message.role == 'assistant' else message.role) ~ '\\n' }}
      {{- opening if loop.first else '' }}
      {{- message.content|trim ~ '<end_of_turn>\\n' }}
    {%- endfor %}
    {%- if add_generation_prompt %}{{- '<start_of_turn>model\\n' }}{% endif %}
    """

  private static let gemma = """
    \(alternation)
    {%- if has_system %}{{ raise_exception('this model takes no system message') }}{% endif %}
    {%- set opening = '' %}
    \(gemmaTurns)
    """

  /// The system message is in the first question.
  private static let gemma3 = """
    \(alternation)
    {%- set opening = messages[0].content ~ '\\n\\n' if has_system else '' %}
    \(gemmaTurns)
    """

  private static let phi3 = """
    {%- for message in messages if message.role in ['system', 'user', 'assistant'] %}
      {{- '<|' ~ message.role ~ '|>\\n' ~ message.content ~ '<|end|>\\n' }}
    {%- endfor %}
    {{- '<|assistant|>\\n' if add_generation_prompt else eos_token }}
    """

  /// `Human:` and `Assistant:`, for models without a template of their own.
  private static let plainDialogue = """
    {%- for message in messages %}
      {%- set speaker = {'system': 'System: ', 'user': 'Human: ', 'assistant': 'Assistant:'}[message.role] %}
      {{- speaker ~ message.content ~ eos_token ~ '\\n' }}
    {%- endfor %}
    {%- if add_generation_prompt %}{{- 'Assistant:' }}{% endif %}
    """

  /// The contents alone, a line break between.
  private static let bare = """
    {%- for message in messages %}
      {{- message.content }}
      {%- if not loop.last or add_generation_prompt %}{{ '\\n' }}{% endif %}
    {%- endfor %}
    """
}
