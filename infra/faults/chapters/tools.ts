/** Tool calls that are wrong, cut or missing. */
import { broken, harmless, refused, type FaultCase } from '../fault-case.ts';

export const tools: readonly FaultCase[] = [
  harmless('invalid-arguments', 'other', { needs: 'tools' }),
  harmless('truncated-arguments', 'other', { needs: 'tools' }),
  harmless('raw-markup', 'same', { needs: 'tools' }),
  harmless('unknown-tool', 'other', { needs: 'tools' }),
  harmless('arguments-dropped', 'other', { needs: 'tools' }),
  refused('prose-for-call', 'tool_choice_unmet', { needs: 'required_tool' }),

  // A call that the model left unfinished is not an answer; one that a limit cut is not shown, and the finish reason says so.
  refused('cut-call', 'upstream_invalid_answer', { needs: 'tools' }),
  refused('cut-call', 'upstream_invalid_answer', { needs: 'text_tools' }),
  broken('cut-call', 'upstream_invalid_answer', { needs: 'two_tools' }),
  broken('cut-call', 'upstream_invalid_answer', { needs: 'two_text_tools' }),
  harmless('cut-call', 'other', { settings: 'finish=length', needs: 'tools', finish: 'length' }),
  harmless('cut-call', 'other', { settings: 'finish=length', needs: 'two_text_tools', finish: 'length', shows: 'get_weather' }),
];
