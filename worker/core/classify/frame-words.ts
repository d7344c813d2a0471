/**
 * Words that say nothing about what is asked: function words, courtesy, and what people write around a request (help, question, answer,
 * format, JSON). A sentence made only of these is a frame around a request. The list need not be complete: a missing word only keeps its
 * sentence in the ask.
 */
import { fnvStart, fnvStep } from '../text/fnv.ts';
import { classOf, NOT_WORD } from './scripts.ts';
import { hashKey, tokenize } from './tokens.ts';

const functionWords =
  'a an the this that these those it its i me my mine we us our you your yours he she they them their is are was were be been being am do does did done doing have has had having will would can could shall should may might must not nor only just also too very really so much many more most some any all both each every either neither other another such same own as at by for from in into of off on onto over under with without within about below above after before between during through to up down out if then else when where while than and or but s t m re ve ll d don doesn isn aren won wouldn couldn what how whatever no yes here there now once again back';

/** Courtesy, signatures, asking for help. */
const courtesyWords =
  'please pls plz tia u ur w q career friend perfect urgent urgently asap important none kindly thanks thank thx ty cheers appreciate appreciated grateful regards sincerely yours truly warm kind kindest best lot advance hi hello hey hiya dear good morning afternoon evening day greetings everyone folks team sir madam sorry bother happy glad great nice awesome help helps helping assist assistance support hand give get need want like wish hope hoping wondering wonder look looking question questions problem problems task tasks exercise assignment request requests query queries issue matter thing things something anything someone somebody anyone following follows given quick simple stuck try trying understand figure show let know ask asked asking tell care able possible way sent iphone ipad android phone mobile mail outlook';

/** Roles, and the labels that stand before the parts of a prompt. */
const roleWords =
  'act acting expert experts expertise specialist professional assistant helpful helpfully knowledgeable experienced skilled senior world class top domain field subject friendly patient honest respectful smart intelligent ai model chatgpt gpt language large chatbot bot user human system role instruction instructions input inputs prompt prompts user_input user_query context passage content message details background description example examples task_description note notes start begin end ready';

/** Form and manner of the answer. */
const formWords =
  'answer answers answered answering solve solved solving solution solutions respond responding reply replies response responses output outputs result results return returned format formats formatted formatting form plain valid key keys list lists listed bullet bullets bulleted bulletpoints numbered point points tables heading headings header headers title titles section sections paragraph paragraphs sentence sentences word words line lines character characters maximum max minimum least limit limited longer shorter exactly single short brief briefly concise concisely succinct succinctly long detailed detail clear clearly simply direct directly english german french spanish italian portuguese russian chinese japanese korean hindi arabic dutch final letter number option options choice choices multiple correct correctly include including included exclude explanation explanations reasoning reason comment comments commentary preamble introduction quote quotes quotation fenced fence block blocks wrap put place place provide provided present use using used write writing written state keep make sure ensure think thinking step steps carefully careful thoroughly slowly deep deeply breath take work working worked complete completed finish handle see check read consider follow based proceed go ahead first next last finally confident confidence sound well structured accurate always never anything else nothing extra additional tone style';

const german =
  'hallo guten tag morgen abend moin servus liebe lieber danke dankeschön vielen dank im voraus bitte hilf hilfe helfen helft mir uns bei mit dieser diesem diese dieses folgende folgenden folgender folgendes frage fragen aufgabe aufgaben beantworte beantworten antworte antworten antwort löse lösen lösung hier ist meine mein ich habe eine einen brauche möchte kannst können könnten könntest du sie ihre ihr deine auf deutsch als kurz knapp ausführlich schritt für schön sehr freundlichen freundliche grüßen grüße gruß mfg viele beste handle experte rolle eines und der das den zu nur gib gebe aus bedanke mich schon mal';
const french =
  'bonjour bonsoir salut merci beaucoup avance vous te plaît plait svp aidez aider aide moi à avec cette ce cet question problème exercice répondez réponds répondre réponse réponses résous résolvez résoudre suivante suivant suivants voici ma mon j ai une un de pouvez peux pourriez tu en français sous forme étape par cordialement bien le la les l que qui est pour et mes mille';
const spanish =
  'hola buenas buenos días tardes noches gracias muchas muchos saludos por favor ayúdame ayuda ayudarme ayudar con esta este pregunta problema ejercicio tarea responde responda responder respuesta resuelve resuelva resolver siguiente aquí está mi tengo una necesito puedes puede podrías en español formato cordiales cordial antemano adelantado la el los las que tu su lo de saludo atentamente';
const portuguese =
  'olá oi tudo bem bom dia boa tarde noite obrigado obrigada obrigados muito ajude ajuda ajudar com pergunta tarefa responda resposta resolva seguinte aqui está minha meu tenho uma um preciso pode poderia você em português atenciosamente abraço abraços desde já o os as do da valeu';
const italian =
  'ciao buongiorno buonasera salve grazie mille aiutami aiuto aiutarmi questa questo domanda rispondi risposta risolvi ecco ho puoi potresti italiano saluti cordiali anticipo il lo gli';
const russian =
  'привет здравствуйте добрый день вечер утро спасибо большое огромное заранее пожалуйста помоги помогите мне с этим этой этот это вопросом вопрос вопросы задача задачу задачей ответь ответьте ответ реши решите решить следующий следующую следующее вот мой моя у меня есть на русском языке уважением вам за помощь';
const others =
  'नमस्ते धन्यवाद शुक्रिया कृपया मदद मेरी करें करो इस प्रश्न सवाल का उत्तर दें बहुत مرحبا شكرا جزيلا لك من فضلك ساعدني في هذا السؤال السلام عليكم cześć dziękuję dzięki proszę z góry pomóż mi hoi dank bedankt alvast groeten merhaba teşekkürler lütfen hej tack hälsningar';

/** What a word can be, as bits; a word may be several. */
const GENERIC = 1;
const NUMBER = 2;
/** Next to one of these, a number says how long the answer may be. */
const LENGTH_UNIT = 4;
/** A sentence about the answer has one of these. */
const ANSWER = 8;
/** Names of formats say nothing in a sentence about the answer, but may be what is asked about. */
const FORMAT = 16;
/** Asks for an explanation of the answer. */
const REASONING = 64;
/** Such a sentence has one of these, or an answer word. */
const FORM_VERB = 32;

const kinds = new Map<number, number>();
function add(kind: number, ...lists: readonly string[]): void {
  for (const hash of tokenize(lists.join(' ')).hashes) kinds.set(hashKey(hash), (kinds.get(hashKey(hash)) ?? 0) | kind);
}

add(GENERIC, functionWords, courtesyWords, roleWords, formWords, german, french, spanish, portuguese, italian, russian, others);
add(NUMBER, 'one two three four five six seven eight nine ten');
add(
  LENGTH_UNIT,
  'word words sentence sentences paragraph paragraphs line lines point points bullets characters steps items tokens wörter sätze mots phrases palabras frases',
);
add(
  ANSWER,
  'answer answers answering respond reply replies response responses output format formatted return antwort antworte réponse réponds respuesta responde resposta responda reasoning thinking working rationale',
);
add(FORMAT, 'json xml yaml csv markdown md html latex text table object array string value values code prose');
add(REASONING, 'explain justify');
add(FORM_VERB, 'use using give provide provided write written output format formatted wrap put present produce as');

/** A sentence about the answer's form needs this share of generic words, since it may name a key or a colour; and at most this many others. */
const enoughGeneric = 0.75;
const maxStrange = 4;

/**
 * Whether a sentence of at least `minWords` words says nothing about what is asked; words are those of `tokenize`. Reads word by word and
 * stops at the first meaningful one, which in most sentences comes early.
 */
export function isGeneric(sentence: string, minWords = 0): boolean {
  const text = sentence.toLowerCase();
  let [words, strange, numbers, formats, reasons, seen] = [0, 0, 0, 0, 0, 0];
  let hash = fnvStart;
  let start = -1;
  for (let at = 0; at <= text.length; at += 1) {
    const code = at < text.length ? text.charCodeAt(at) : 0;
    if (classOf(code) !== NOT_WORD) {
      if (start < 0) start = at;
      hash = fnvStep(hash, code);
      continue;
    }
    if (start < 0) continue;
    const first = text.charCodeAt(start);
    const kind = first >= 48 && first <= 57 ? NUMBER : (kinds.get(hashKey(hash)) ?? 0);
    words += 1;
    seen |= kind;
    if ((kind & NUMBER) !== 0) numbers += 1;
    else if ((kind & FORMAT) !== 0) formats += 1;
    else if ((kind & REASONING) !== 0) reasons += 1;
    else if ((kind & GENERIC) === 0) {
      strange += 1;
      if (strange > maxStrange) return false;
    }
    start = -1;
    hash = fnvStart;
  }
  if (words < minWords || (numbers > 0 && (seen & LENGTH_UNIT) === 0)) return false;
  if (reasons > 0 && (seen & ANSWER) === 0) return false;
  if (formats > 0 && (seen & (ANSWER | FORM_VERB)) === 0 && words > 2) return false;
  return strange === 0 || ((seen & ANSWER) !== 0 && !text.includes('?') && words - strange >= enoughGeneric * words);
}
