/** Phrases that short replies are made of. The lists need not be complete: a reply with another word in it is scored by itself. */
import { hashKey, tokenize } from './tokens.ts';

/** Separated by commas, in English, German, French, Spanish, Portuguese, Italian, Russian, Hindi, Chinese and Japanese. Of two kinds the first counts. */
const phrases = {
  /** Tells the model to do what lies before it. */
  go: 'go,go ahead,go for it,go on,do it,do all,do,do that,do this,do so,proceed,carry on,make it so,ship it,commit it,merge it,push it,run it,apply it,deploy it,execute it,implement it,implement that,build it,fix it,finish it,take it,write it,try it,apply them,fix them,do them,execute,implement,apply,start,begin,the plan,the changes,let s do it,the other way,the other way round,differently,los,leg los,mach es,mach das,mach,machen,tu es,fang an,setz es um,setze es um,umsetzen,anders,vas y,allez y,fais le,faites le,on y va,procède,commence,adelante,hazlo,hágalo,procede,empieza,dale,vamos,faça,faz isso,faça isso,pode fazer,siga em frente,em frente,vá em frente,prossiga,comece,avanti,fallo,procedi,inizia,делай,сделай,давай,приступай,начинай,поехали,действуй,выполняй,вперёд,करो,कर दो,कीजिए,कर दीजिए,आगे बढ़ो,आगे बढ़ें,आगे बढ़िए,शुरू करो,शुरू करें,开始,执行,动手,去做,做,这么做,这样做,按这个做,进行,开工,やって,進めて,始めて,お願い,お願いします,実行して,実行',
  /** Wants the same to go on, or once more. */
  more: 'continue,keep going,again,once more,try again,do it again,redo it,retry,one more time,resume,more,next,weiter,mach weiter,noch mal,nochmal,noch einmal,fahr fort,mehr,versuch es,continuez,continuer,encore,encore une fois,poursuis,la suite,continúa,continua,sigue,otra vez,de nuevo,más,de novo,outra vez,mais,continuar,ancora,di nuovo,prosegui,продолжай,продолжайте,дальше,ещё,еще,ещё раз,еще раз,заново,जारी रखो,जारी रखें,और,फिर से,继续,再来,再来一次,再试一次,重试,接着,続けて,続き,もう一度,次',
  /** Answers a question. */
  yes: 'yes,yep,yeah,yup,y,sure,of course,absolutely,definitely,exactly,agreed,i agree,approve,approved,confirmed,correct,ja,klar,gerne,gern,einverstanden,genau,natürlich,oui,d accord,bien sûr,sí,si,claro,por supuesto,de acuerdo,sim,certo,concordo,d accordo,certamente,да,конечно,согласен,согласна,हाँ,हां,जी,बिल्कुल,是,是的,对,可以,同意,没问题,要,はい,うん,ええ,もちろん',
  praise:
    'ok,okay,k,fine,great,perfect,good,all good,lgtm,alright,all right,right,cool,nice,awesome,excellent,makes sense,i like,i like it,that works,works for me,gut,passt,super,prima,klingt gut,sieht gut aus,in ordnung,bien,parfait,ça marche,ça me va,vale,perfecto,genial,perfeito,ótimo,beleza,tudo bem,bom,va bene,bene,perfetto,хорошо,ладно,отлично,ок,ठीक है,ठीक,अच्छा,好,好的,行,不错,很好,いい,了解,わかった,大丈夫',
  first: 'first,the first,erste,ersten,premier,première,primera,primero,primeira,primeiro,первый,первое,первую,पहला,第一,一つ目',
  second: 'second,the second,zweite,zweiten,deuxième,seconde,segunda,segundo,seconda,второй,второе,вторую,दूसरा,第二,二つ目',
  third: 'third,the third,dritte,dritten,troisième,tercera,terceira,terza,третий,третье,तीसरा,第三,三つ目',
  pick: 'both,all,all of it,all of them,either,everything,former,latter,beide,alle,alles,les deux,tous,ambas,ambos,todas,todos,tutte,оба,все,दोनों,都,両方',
  thanks:
    'thanks,thank you,thx,ty,cheers,danke,vielen dank,merci,gracias,obrigado,obrigada,grazie,спасибо,धन्यवाद,शुक्रिया,谢谢,ありがとう',
  /** Begins a wish about what is approved; says nothing where none follows. */
  add: 'but,without,using,use,except,only,also,instead,keep,skip,make sure,don t,do not,leave,in,with,aber,ohne,nur,auch,benutze,verwende,mit,lass,mais avec,sans,avec,utilise,pero,sin,con,usa,mas,sem,com,ma,senza,но,без,с,только,используй,लेकिन,पर,बिना,但,但是,不过,不要,用,でも,ただし',
  fill: 'please,pls,plz,carefully,properly,then,now,just,it,that,this,them,the,these,a,so,and,you,can,may,for me,well,oh,no,nope,one,option,options,number,choose,take,let s,i,i d like,i want,i prefer,way,like that,as planned,as proposed,as suggested,very much,a lot,is,sounds,looks,me,to,bitte,dann,jetzt,es,das,die,der,du,kannst,und,nein,variante,nummer,nimm,wir,mal,einfach,s il te plaît,s il vous plaît,stp,svp,alors,maintenant,le,la,l,non,ça,comme,por favor,ahora,entonces,el,opción,lo,con eso,así,agora,então,o,opção,não,isso,per favore,ora,il,opzione,пожалуйста,тогда,это,так,нет,вариант,कृपया,अब,तो,विकल्प,请,你,吧,那,就,的,了,啊,个,种,方案,选,选项,ください,どうぞ,です,ます,じゃあ,では,で,ね,よ,の,を,それ,案',
} as const;

export type PhraseKind = keyof typeof phrases;

export interface Phrase {
  /** One for each word. */
  readonly keys: readonly number[];
  readonly kind: PhraseKind;
}

const kinds = Object.keys(phrases).filter((kind): kind is PhraseKind => kind in phrases);

/** By their first word, the longest first. */
export const phrasesByWord: ReadonlyMap<number, readonly Phrase[]> = Map.groupBy(
  kinds
    .flatMap((kind) =>
      phrases[kind].split(',').map((text): Phrase => ({ keys: Array.from(tokenize(text).hashes, hashKey), kind })),
    )
    .toSorted((a, b) => b.keys.length - a.keys.length),
  ({ keys }) => keys[0] ?? 0,
);
