/**
 * What a server says when the problem is its own or the operator's, whatever the status: providers send 400 for an empty account,
 * for a wrong key, and for a model that is still loading. The names of errors come first; sentences are matched closely, since an error
 * may quote the client.
 */
import type { ServerWords } from './server-words.ts';

export type ProviderTrouble = 'rate' | 'account' | 'key' | 'model' | 'busy';

interface Signs {
  readonly trouble: ProviderTrouble;
  readonly names: RegExp;
  readonly sentence: RegExp;
}

/** In this order: "no credit" also comes as a quota, a quota as a rate. */
const signs: readonly Signs[] = [
  {
    trouble: 'account',
    names:
      /insufficient_(?:\w+_)?(?:quota|balance|credits?|funds)|billing|payment_required|credit|account_(?:deactivated|suspended|overdue)|arrearage/,
    sentence:
      /insufficient (?:account )?(?:balance|credits?|funds|quota)|credit balance|credit limit is insufficient|(?:out of|no|not enough|run out of|ran out of|used all) (?:available |remaining )?credits?\b|(?:billing|spending|usage|credit) (?:hard |soft )?limit|exceeded your (?:current |monthly )?(?:quota|credits?|budget)|quota (?:has been |is )?(?:exceeded|exhausted)|payment (?:is )?required|check your plan and billing|account (?:is |has been )?(?:suspended|deactivated|disabled|overdue|not active)|in arrears/i,
  },
  {
    trouble: 'rate',
    names: /rate_?limit|throttling|too_many_requests|tokens_per_min/,
    sentence:
      /rate[ -]?limit(?:ed|s)?\b|too many (?:concurrent )?requests|(?:tokens|requests) per (?:second|min|minute|hour|day)|throttl/i,
  },
  {
    trouble: 'key',
    names: /invalid_api_key|api_key_invalid|authentication|unauthori[sz]ed|unauthenticated/,
    sentence:
      /(?:invalid|incorrect|missing|expired|wrong|unknown|revoked|no) (?:x-)?api[- _]?key|api[- _]?key[^.;]{0,30}(?:not valid|invalid|expired|missing|incorrect|not found|revoked|required|not provided)|authentication (?:failed|error|required)|\bunauthori[sz]ed\b|(?:invalid|expired|missing) (?:auth(?:entication|orization)?|access|bearer) token\b|(?:invalid|expired|missing) credentials\b/i,
  },
  {
    trouble: 'busy',
    names: /overloaded|unavailable|capacity|server_busy|model_loading|engine_overloaded|server_is_busy/,
    sentence:
      /(?:model|server|engine|service)[^.;]{0,80}\b(?:overloaded|(?:currently |still )?loading|starting up|warming up|not ready|busy|temporarily unavailable)|loading model|(?:over|at|no|exceeded|insufficient) (?:current |available )?capacity|service unavailable|queue is full|no (?:available|healthy) (?:workers?|servers?|instances?|channels?|backends?|deployments?)|try again (?:later|in a)/i,
  },
  {
    trouble: 'model',
    names:
      /model_?not_?(?:found|exist|available|loaded)|(?:unknown|invalid|no_such)_model|model_(?:decommissioned|deprecated)|no_model/,
    sentence:
      /\bmodels?:?(?: (?:with )?(?:the )?(?:name|id))?:?\s*(?:['"][^'"\n]{1,200}['"]|(?!(?:is|was|does|do|not|no)\b)[\w./:@-]{1,200})?,?\s*(?:(?:is|was|has been|does|do|could|can)\s*)?(?:(?:not|n't) (?:be |a )?(?:exist|found|available|loaded|served|deployed|valid)|no longer|decommissioned|deprecated)|(?:unknown|invalid|no such|unsupported) model\b(?! output)|not a valid model|no models? (?:is |are )?(?:currently )?loaded/i,
  },
];

/** An error about the field `model` is never the client's fault: the gateway chose the model. */
export function troubleIn(words: ServerWords): ProviderTrouble | null {
  const text = words.message.slice(0, 2000).replaceAll('`', '"');
  const named = signs.find(({ names }) => words.names.some((name) => names.test(name)));
  if (named !== undefined) return named.trouble;
  return signs.find(({ sentence }) => sentence.test(text))?.trouble ?? (words.param === 'model' ? 'model' : null);
}
