/**
 * How a model says that it does not know, may be wrong, or refuses, in the languages it is mostly asked in. Only phrases in which speakers
 * mean themselves; words that are common in a language ("może", "可能") are left out. Lower case, straight apostrophes.
 */

/** One of these is enough to doubt an answer. */
export const strongHedges: readonly string[] = [
  ["i'm not sure", 'i am not sure', "i'm unsure", 'i am unsure', "i don't know", 'i do not know', 'i cannot determine'],
  [
    "i can't determine",
    "i'm not entirely sure",
    'i am not entirely sure',
    "i'm not certain",
    'i am not certain',
    "i'm not quite sure",
    "i'm not really sure",
  ],
  ['bin mir nicht sicher', 'bin nicht sicher', 'bin mir nicht ganz sicher', 'bin nicht ganz sicher', 'bin mir unsicher'],
  ['ich weiß es nicht', 'ich weiß nicht', 'weiß ich nicht', 'weiß ich leider nicht', 'nicht mit sicherheit sagen'],
  ['je ne suis pas sûr', 'je ne suis pas sûre', 'je ne suis pas certain', 'je ne suis pas certaine', 'je ne sais pas'],
  ["je n'en suis pas sûr", "je n'en suis pas sûre", 'je ne suis pas tout à fait sûr', 'je ne saurais dire', "je l'ignore"],
  ['no estoy seguro', 'no estoy segura', 'no estoy del todo seguro', 'no estoy completamente seguro', 'no lo sé', 'no sé si'],
  ['no puedo determinar', 'no sabría decir', 'no tengo la certeza'],
  ['non sono sicuro', 'non sono sicura', 'non ne sono sicuro', 'non sono certo', 'non sono del tutto sicuro', 'non lo so'],
  ['non so se', 'non saprei', 'non posso determinare'],
  [
    'não tenho certeza',
    'não tenho a certeza',
    'não estou certo',
    'não estou seguro',
    'não sei ao certo',
    'não sei se',
    'eu não sei',
  ],
  ['não posso determinar', 'não consigo determinar', 'não sei dizer'],
  ['ik weet het niet', 'ik weet niet zeker', 'ik ben niet zeker', 'ik ben er niet zeker van', 'ik ben niet helemaal zeker'],
  ['nie jestem pewien', 'nie jestem pewna', 'nie wiem', 'nejsem si jistý', 'nejsem si jistá', 'nevím', 'nie som si istý'],
  ['я не уверен', 'я не уверена', 'не уверен, что', 'я не знаю', 'не могу сказать точно', 'затрудняюсь ответить'],
  ['я не впевнений', 'я не впевнена', 'emin değilim', 'bilmiyorum', 'kesin olarak söyleyemem'],
  ['jag är inte säker', 'jag är osäker', 'jag vet inte', 'jeg er ikke sikker', 'jeg er usikker', 'jeg ved ikke', 'jeg vet ikke'],
  ['en ole varma', 'en tiedä', 'nu sunt sigur', 'nu știu', 'nem vagyok biztos', 'nem tudom', 'δεν είμαι σίγουρ', 'δεν ξέρω'],
  ['لست متأكد', 'لا أعرف', 'لا أعلم', 'لا أدري', 'אני לא בטוח', 'אני לא יודע', 'مطمئن نیستم', 'نمی‌دانم'],
  ['मुझे यकीन नहीं', 'मुझे नहीं पता', 'मैं निश्चित नहीं', 'मुझे पक्का नहीं'],
  ['我不确定', '我不太确定', '我并不确定', '我不能确定', '我无法确定', '我不知道', '我不太清楚', '我不清楚'],
  ['我不確定', '我不太確定', '我並不確定', '我不能確定', '我無法確定'],
  [
    'わかりません',
    '分かりません',
    'よくわからない',
    '確信がありません',
    '確信はありません',
    '自信がありません',
    '自信はありません',
  ],
  ['잘 모르겠', '모르겠습니다', '모르겠어요', '확신할 수 없', '확신이 없', '잘 모릅니다'],
  ['tôi không chắc', 'tôi không biết', 'saya tidak yakin', 'saya tidak tahu', 'saya kurang yakin', 'ผมไม่แน่ใจ', 'ฉันไม่แน่ใจ'],
].flat();

/** Several different ones of these are needed to doubt an answer. */
export const weakHedges: readonly string[] = [
  ['maybe', 'possibly', 'might be', 'unclear', 'uncertain', 'perhaps', 'i think', 'i believe', 'could be'],
  [
    'vielleicht',
    'möglicherweise',
    'womöglich',
    'eventuell',
    'vermutlich',
    'könnte sein',
    'ich glaube',
    'ich denke',
    'ich vermute',
  ],
  ['unklar', 'ungewiss'],
  ['peut-être', 'possiblement', 'éventuellement', 'il se peut', 'pourrait être', 'je pense', 'je crois', 'incertain'],
  ['quizá', 'quizás', 'tal vez', 'a lo mejor', 'posiblemente', 'podría ser', 'creo que', 'pienso que', 'incierto'],
  ['forse', 'possibilmente', 'potrebbe essere', 'credo che', 'penso che', 'suppongo', 'incerto'],
  ['talvez', 'possivelmente', 'pode ser que', 'poderia ser', 'acho que', 'creio que', 'suponho'],
  ['misschien', 'wellicht', 'zou kunnen', 'ik denk', 'ik geloof', 'onduidelijk'],
  ['być może', 'wydaje mi się', 'chyba', 'możliwe, że', 'možná', 'myslím'],
  ['может быть', 'возможно', 'наверное', 'я думаю', 'мне кажется', 'неясно', 'можливо', 'мабуть', 'мені здається'],
  [
    'belki',
    'sanırım',
    'galiba',
    'kanske',
    'möjligen',
    'jag tror',
    'måske',
    'jeg tror',
    'kanskje',
    'ehkä',
    'mahdollisesti',
    'luulen',
  ],
  ['ربما', 'من الممكن', 'أعتقد', 'قد يكون', 'शायद', 'हो सकता है', 'मुझे लगता है'],
  ['也许', '或许', '大概', '可能是', '我想', '我觉得', '我认为', '不太确定', '也許', '或許', '我覺得', '我認為'],
  ['かもしれません', 'かもしれない', 'たぶん', 'おそらく', '恐らく', 'もしかすると', 'もしかしたら', '定かではありません'],
  ['아마', '수도 있습니다', '것 같습니다', '확실하지 않'],
  ['có lẽ', 'có thể là', 'tôi nghĩ', 'mungkin', 'barangkali', 'saya kira', 'saya rasa'],
].flat();

export const refusals: readonly string[] = [
  [
    "i can't help",
    'i cannot help',
    "i'm unable to",
    'i am unable to',
    "i can't assist",
    'i cannot assist',
    "i'm sorry, but i can",
  ],
  ['as an ai language model'],
  ['kann ich dir nicht helfen', 'kann ich ihnen nicht helfen', 'ich kann dir dabei nicht', 'ich kann ihnen dabei nicht'],
  ['dabei kann ich nicht helfen', 'tut mir leid, aber ich kann', 'als ki-sprachmodell', 'als sprachmodell'],
  ['je ne peux pas vous aider', "je ne peux pas t'aider", 'désolé, mais je ne peux', 'désolée, mais je ne peux'],
  ['en tant que modèle de langage', 'je ne suis pas en mesure de'],
  ['no puedo ayudar', 'lo siento, pero no puedo', 'como modelo de lenguaje', 'non posso aiutar', 'mi dispiace, ma non posso'],
  ['come modello linguistico', 'não posso ajudar', 'não consigo ajudar', 'desculpe, mas não posso', 'sinto muito, mas não posso'],
  ['como modelo de linguagem', 'het spijt me, maar ik kan', 'als taalmodel', 'nie mogę pomóc', 'jako model językowy'],
  ['я не могу помочь', 'к сожалению, я не могу', 'извините, но я не могу', 'как языковая модель', 'yardımcı olamam'],
  ['لا أستطيع مساعدت', 'لا يمكنني مساعدت', 'मैं मदद नहीं कर सकता', 'मैं इसमें मदद नहीं'],
  [
    '我无法帮助',
    '我不能帮助',
    '抱歉，我无法',
    '抱歉，我不能',
    '抱歉,我无法',
    '作为一个语言模型',
    '作为一个人工智能',
    '我無法幫助',
    '抱歉，我無法',
  ],
  ['お手伝いできません', 'お答えできません', '言語モデルとして', '도와드릴 수 없', '답변드릴 수 없', '언어 모델로서'],
  ['tôi không thể giúp', 'saya tidak bisa membantu', 'saya tidak dapat membantu'],
].flat();

const translation =
  /\btranslat|\bübersetz|\btradui|\btraduc|\btraduz|\bvertaal|\bprzetłumacz|(?<!\p{L})перевед|\bçevir|\böversätt|翻译|翻譯|翻訳|訳して|번역|ترجم|अनुवाद|\bdịch\b|\bterjemah/iu;
const rewording =
  /\b(?:rewrite|rephrase|paraphrase|reword|proofread)|\bumformulier|\bformulier\w* .{0,80}\bum\b|\bkorrigier|\breformul|\breescri|\breescrev|\briscriv|\briformul|\bparafras|\bherschrijf|(?<!\p{L})(?:перепиши|перефразируй|исправь)|改写|改寫|润色|書き直|言い換え|다시 써/iu;
/** A verb of writing or telling, followed closely by what is written or told. */
const composing =
  /(?<!\p{L})(?:write|compose|draft|invent|make up|tell|give me|create|schreib|verfass|dichte|erzähl|erfinde|écri|rédige|compose|raconte|invente|escrib|redact|compón|cuenta|escrev|redij|conte|scriv|componi|racconta|schrijf|vertel|napisz|opowiedz|напиши|сочини|расскажи|придумай|yaz)[^.!?\n]{0,60}?(?<!\p{L})(?:poem|haiku|limerick|story|stories|tale|dialog|conversation|monolog|lyrics|song|letter|e-?mail|message|script|screenplay|scene|speech|joke|tweet|sentence|reply|response from|gedicht|geschichte|brief|lied|nachricht|witz|satz|sätze|szene|rede|poème|histoire|lettre|chanson|discours|blague|phrase|scène|poema|cuento|carta|diálogo|canción|correo|chiste|frase|poesia|racconto|lettera|canzone|storia|conto|história|canção|verhaal|wiersz|opowiadanie|list|стих|рассказ|письм|диалог|песн|сказк|шутк|предложени|şiir|mektup|hikaye)/iu;
const composingUnspaced =
  /(?:写|寫|编|創作|创作|書い|作っ|써|쓰|지어)[^。！？\n]{0,30}?(?:诗|詩|故事|信|对话|對話|邮件|郵件|台词|句|物語|手紙|会話|メール|セリフ|시|이야기|편지|대화|이메일|문장)/u;
const composingUnspacedBehind =
  /(?:诗|詩|故事|物語|手紙|会話|メール|セリフ|文|시|이야기|편지|대화|이메일|문장)[^。！？\n]{0,12}?(?:書い|作っ|써|쓰|지어|작성)/u;

/** The answer is a text that was ordered (a translation, a letter, a dialogue): its statements are not the model's own. */
export function asksForText(ask: string): boolean {
  return [translation, rewording, composing, composingUnspaced, composingUnspacedBehind].some((pattern) => pattern.test(ask));
}
