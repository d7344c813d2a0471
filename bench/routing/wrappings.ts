/**
 * Ways in which clients and people dress up a prompt without asking anything else. Only for measuring: the variants that training adds
 * (augment.ts) have other wordings, so that a figure here says something about unseen wordings.
 */

export interface Wrapping {
  readonly name: string;
  readonly wrap: (prompt: string) => string;
}

const around =
  (before: string, after: string) =>
  (prompt: string): string =>
    before + prompt + after;

function quoteLines(prompt: string): string {
  return prompt
    .split('\n')
    .map((line) => `> ${line}`)
    .join('\n');
}

export const wrappings: readonly Wrapping[] = [
  // Courtesy
  { name: 'thanks behind', wrap: around('', '\n\nThanks!') },
  { name: 'thanks in advance, same line', wrap: around('', ' Many thanks in advance for your help!') },
  { name: 'greeting before', wrap: around('Hi there,\n\n', '') },
  { name: 'greeting, same line', wrap: around('Good evening! ', '') },
  { name: 'greeting and thanks, German', wrap: around('Guten Tag,\n\n', '\n\nVielen Dank im Voraus!') },
  { name: 'greeting and thanks, Spanish', wrap: around('Hola, buenas tardes.\n\n', '\n\nMuchas gracias por la ayuda.') },
  { name: 'greeting and thanks, French', wrap: around('Bonjour, ', '\n\nMerci beaucoup !') },
  { name: 'thanks, Chinese', wrap: around('', '\n\n非常感谢！') },
  { name: 'thanks, Japanese', wrap: around('', '\n\nよろしくお願いいたします。') },
  { name: 'signature', wrap: around('', '\n\nBest regards,\nMarta Lindqvist') },
  { name: 'sent from a phone', wrap: around('', '\n\nSent from my iPhone') },
  // Roles
  { name: 'role before', wrap: around('Act as an expert.\n\n', '') },
  { name: 'role, world-class', wrap: around('You are a world-class domain expert with 20 years of experience.\n', '') },
  { name: 'role, I want you to', wrap: around('I want you to act as a knowledgeable and patient assistant. ', '') },
  {
    name: 'assistant preamble',
    wrap: around(
      'You are a helpful, respectful and honest assistant. Always answer as helpfully as possible. If you do not know the answer, say so.\n\n',
      '',
    ),
  },
  // Lead-ins
  { name: 'lead-in before', wrap: around('help me with this question:\n\n', '') },
  { name: 'lead-in, request', wrap: around('Here is my request: ', '') },
  {
    name: 'lead-in, hoping',
    wrap: around("I was hoping somebody could give me a hand with something. Here's what I have:\n\n", ''),
  },
  { name: 'closing question', wrap: around('', '\n\nCan you help me with that?') },
  { name: 'closing pointer', wrap: around('', '\n\nPlease take care of the above.') },
  // Manner and format
  { name: 'JSON behind', wrap: around('', '\n\nReturn the answer as JSON.') },
  { name: 'markdown behind', wrap: around('', '\n\nFormat your response in Markdown with headings.') },
  { name: 'brevity behind', wrap: around('', '\n\nKeep your answer under 300 words.') },
  { name: 'language behind', wrap: around('', ' Please write in English language.') },
  { name: 'step by step behind', wrap: around('', "\n\nLet's think step by step.") },
  { name: 'deep breath behind', wrap: around('', ' Take a deep breath and work on this problem carefully.') },
  { name: 'no preamble behind', wrap: around('', '\n\nDo not include any explanations, only provide the final answer.') },
  // Marks
  { name: 'fence and solve this', wrap: around('```\n', '\n```\n\nSolve this.') },
  { name: 'fence', wrap: around('```text\n', '\n```') },
  { name: 'task and output headings', wrap: around('# Task\n\n', '\n\n# Output\n') },
  { name: 'instruction and response headings', wrap: around('### Instruction:\n', '\n\n### Response:\n') },
  { name: 'question and answer labels', wrap: around('Question: ', '\nAnswer:') },
  { name: 'user and assistant labels', wrap: around('User: ', '\n\nAssistant:') },
  { name: 'tags', wrap: around('<question>\n', '\n</question>') },
  { name: 'nested tags', wrap: around('<prompt><user_input>', '</user_input></prompt>') },
  { name: 'bold', wrap: around('**', '**') },
  { name: 'double quotes', wrap: around('"', '"') },
  { name: 'triple quotes', wrap: around('Answer the text between the quotes.\n"""\n', '\n"""') },
  { name: 'block quote', wrap: quoteLines },
  { name: 'numbered item', wrap: around('1. ', '') },
  { name: 'rules', wrap: around('---\n', '\n---') },
  {
    name: 'everything at once',
    wrap: (prompt) =>
      `Hello!\n\nYou are a senior specialist.\n\n## Question\n\n<input>\n${prompt}\n</input>\n\n## Format\n\nAnswer in plain text.\n\nThank you!`,
  },
];
