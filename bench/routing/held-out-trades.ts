/** Documents that nothing is trained on, with what can be looked up in them and what has to be worked out; `kinds.ts` counts where these requests go. */
import type { Trade } from './trades.ts';

const lines = (text: string): string[] => text.split('\n').map((line) => line.trim());
const sentencesOf = (text: string): string[] => text.split(/(?<=[.।。])\s*/u).filter((sentence) => sentence !== '');
const trade = (text: string, lookups: string, hard: string): Trade => ({
  sentences: sentencesOf(text.replaceAll(/\n\s*/g, ' ')),
  lookups: lines(lookups),
  hard: lines(hard),
});

export const heldOutTrades: readonly Trade[] = [
  trade(
    `The pump station at the lower lock moves water from the canal into the upper basin. The pump has two valves, one on the suction side and one on the pressure side.
    Both are opened by hand before the motor starts. The motor takes 45 kilowatts and is cooled by air. A float in the well switches it off below one metre.
    The operator notes the pressure every morning and every evening. Below two bar the filter is cleaned. The filter sits behind the grey cover on the left of the hall.
    Spare filters are in the store beside the workshop. The bearings get blue grease every second month. The hall is heated in winter.`,
    `How many valves does the pump have?
    Where are the spare filters?
    How often are the bearings greased?
    Which grease is used?
    At what pressure is the filter cleaned?`,
    `Which of these instructions would a safety inspector object to, and how would you rewrite them so that each objection falls away?
    The basin overflowed at night. Reconstruct from the text what may have failed and rank the causes by how likely they are.
    Does greasing every second month fit the rest of the upkeep? Argue from the text and say what it leaves out.`,
  ),
  trade(
    `Ships report to the harbour office two hours before they arrive. Channel 12 is used to call pilots, channel 14 for the lock. Four lamps mark the entrance, two red and two green.
    The eastern quay has seven metres at low water. Fishing boats lie in the southern basin and pay by the month. Fuel is sold at the pontoon from seven to six.
    The harbour master may move a ship when the berth is needed. Waste is left at the yellow house. Guests pay for a night at the machine by the office.`,
    `How many lamps mark the entrance?
    Which channel is used to call pilots?
    How deep is the eastern quay?
    When is fuel sold?
    Where do I leave waste?`,
    `A ship that was moved by the harbour master was damaged at the new berth. Set out who can claim what from whom, and which facts decide it.
    Reconcile the rules for guests and for fishing boats where both want the southern basin; justify the order of precedence you choose.
    Show which combinations of draught and tide make the eastern quay unusable and what follows for the schedule of arrivals.`,
  ),
  trade(
    `The clinic for animals has four rooms and an aviary. Operations are on Monday and Thursday mornings. A cat stays one night, a dog two. Owners sign before the anaesthetic.
    The scale in the corridor weighs up to 120 kilos. Blood is tested in the house and takes twelve minutes. Vaccines lie in the left refrigerator at four degrees.
    Birds are seen by Dr Amsel only. Emergencies ring twice. Unpaid bills are reminded after thirty days. Leads are at the desk.`,
    `How many rooms does the clinic have?
    How long does a blood test take?
    Who sees birds?
    On which days are operations?
    How many nights does a dog stay?`,
    `Both vaccines and blood samples end up in one refrigerator after a power cut. Decide what may still be used, reasoning from the text, and what cannot be known.
    Evaluate the rule on signatures for an emergency at night in which the owner cannot be reached, and draft a better one.
    Would a third day of operations help? Work it out with the rooms and nights given, and state the limiting step.`,
  ),
  trade(
    `The cinema shows three films a day in two halls. The large hall has 212 seats, the small one 58. Tickets cost nine euros, on Tuesdays six. The projector warms up for twenty minutes.
    Popcorn is made fresh at every show. Films are kept on a drive that the distributor sends. Doors stay open for ten minutes after the beginning.
    The usher has a torch and a key for the lift. Lost things are kept for two weeks. In the interval the side exit is open.`,
    `How many halls are there?
    How many seats does the small hall have?
    What does a ticket cost on Tuesdays?
    How long are lost things kept?
    Who has the key for the lift?`,
    `Compare two ways to put four films into the two halls on a Saturday and prove that one of them cannot work with the times given.
    Assess the fire risk that the open side exit is meant to reduce and the one that it creates; which weighs more, and why?
    From these figures, derive at how many visitors the Tuesday price loses money, and name every assumption.`,
  ),
  trade(
    `The brick works dig clay from the pit behind the hill. The press makes 900 bricks an hour. Green bricks dry for nine days in sheds with slatted walls.
    The kiln burns coal and has sixteen chambers, of which two are empty at any time. Fire moves on by one chamber a day. Cracked bricks go to the road builders.
    The clerk counts pallets at five o'clock. A pallet holds 320 bricks. Horses are no longer used. The chimney is struck by lightning every few years.`,
    `How many chambers does the kiln have?
    How many bricks does a pallet hold?
    How long do green bricks dry?
    Who counts the pallets?
    Where do cracked bricks go?`,
    `Determine whether the press or the kiln limits the works, with each step of the reckoning, and what a seventeenth chamber would change.
    Explain what a strike of the clerk would do to everything that depends on the count, and design a replacement that cannot be gamed.
    Is it sensible to keep two chambers empty? Defend or refute it from the text.`,
  ),
  trade(
    `The night bus has five stops between the station and the university. It runs every half hour from one to five. The driver sells tickets for three euros and takes no notes above twenty.
    Wheelchairs use the middle door. Dogs sit on the floor. After the third stop passengers may ask to be let out anywhere. The bus is washed at six.
    Two cameras film the aisle, and the film is erased after three days. A driver drives at most four and a half hours.`,
    `How many stops does the night bus have?
    How often does it run?
    How many cameras are there?
    Which door do wheelchairs use?
    After how many days is the film erased?`,
    `A passenger reports a theft after four days. Discuss what the company could have been obliged to keep, with arguments for either side and a conclusion.
    Construct a roster for all nights of a week that respects the limit on driving, and show that it needs no fewer drivers.
    Which of the rules disadvantages whom? Judge which of them could be defended and which not.`,
  ),
  trade(
    `The orchestra tours with two lorries. The first lorry carries the timpani, the harps and seven basses, the second the stands and the tails. Loading takes fifty minutes.
    Nobody lifts the celesta without its owner. Strings fly in the cabin, brass in the hold. The inspector books the rooms and wakes the late. Rehearsal ends an hour before the doors open.
    Reeds are kept moist. A player who falls ill is replaced by the deputy of the section. The bus has no lavatory.`,
    `How many basses are in the first lorry?
    Who books the rooms?
    How long does loading take?
    Where does the brass fly?
    When does the rehearsal end?`,
    `The second lorry breaks down on the way. Work out from the text which concert is still possible and what has to be decided by whom.
    Is the rule on the celesta wise? Consider what it costs on a tour and advise.
    Two principals of one section are ill. Interpret the rule on deputies and close its gap.`,
  ),
  trade(
    `The observatory opens its dome on clear Fridays. The refractor has a lens of thirty centimetres and five eyepieces. Red lamps are used on the stairs. A guide takes twenty guests at a time.
    The camera is cooled to minus forty degrees. In May the motor of the dome is oiled. Plates from before 1980 are in steel cupboards. Members have a key, students ask the porter.`,
    `How many eyepieces does the refractor have?
    How many guests does a guide take?
    In which month is the motor oiled?
    What colour are the lamps on the stairs?
    Where are the old plates?`,
    `Design an evening for 90 guests under these rules and explain why no other order of groups is shorter.
    Argue whether students should get keys; use what the text says about the dome and the plates, and settle it.
    Which of the facts here would be needed to compute the faintest star that a guest can see, and which are missing? Derive as far as possible.`,
  ),
];

export const heldOutForeign: readonly Trade[] = [
  trade(
    `Das Freibad hat drei Becken und eine Rutsche. Das große Becken ist fünfzig Meter lang und zwei Meter tief. Die Kasse schließt um 18 Uhr. Kinder unter sechs Jahren zahlen nichts. Das Wasser wird viermal am Tag geprüft. Bei Gewitter verlassen alle das Becken. Der Kiosk verkauft kein Glas.`,
    `Wie viele Becken hat das Freibad?\nWann schließt die Kasse?\nWie oft wird das Wasser geprüft?`,
    `Beurteile, wer haftet, wenn bei Gewitter ein Gast auf der Rutsche verletzt wird, und welche Angaben dafür fehlen.\nEntwickle aus diesen Angaben einen Dienstplan ohne Lücke und begründe, warum weniger Personal nicht genügt.`,
  ),
  trade(
    `Le moulin a deux meules et une roue de six mètres. Le meunier moud le blé le mardi et le seigle le jeudi. Un sac pèse quarante kilos. La vanne est fermée quand la rivière dépasse la marque rouge. Les chats sont nourris le soir. Le son est vendu aux éleveurs.`,
    `Combien de meules le moulin a-t-il ?\nCombien pèse un sac ?\nQuel jour moud-on le seigle ?`,
    `Évalue si la règle de la vanne protège mieux le moulin ou les voisins, arguments à l'appui, et tranche.\nDéduis de ces données la production maximale d'une semaine de crue et justifie chaque hypothèse.`,
  ),
  trade(
    `El faro tiene una lámpara y dos motores. Da tres destellos cada quince segundos. El guarda sube 184 escalones. El combustible dura veinte días. La radio está en el segundo piso. Los visitantes entran los viernes. La niebla apaga la señal verde.`,
    `¿Cuántos motores tiene el faro?\n¿Cuántos escalones sube el guarda?\n¿Qué día entran los visitantes?`,
    `Razona qué fallos dejarían el faro a oscuras, cuáles dependen entre sí y cómo evitarías el peor.\nValora si un solo guarda basta según estas normas y rebate el argumento contrario.`,
  ),
  trade(
    `A fábrica de sinos funde bronze em dois fornos. Um sino de cem quilos esfria por três dias. O molde é de barro e crina. A afinação é feita com uma lixa. Há sete operários. As encomendas da igreja têm prioridade. O pátio fecha às seis.`,
    `Quantos fornos tem a fábrica?\nDe que é feito o molde?\nA que horas fecha o pátio?`,
    `Analise que conflitos a prioridade da igreja cria com as outras regras e proponha um critério que resista a uma queixa.\nDemonstre quantos sinos cabem num mês com estes números e qual etapa limita.`,
  ),
  trade(
    `Пасека стоит у леса, в ней двадцать три улья. Мёд качают в июле и в августе. В медогонку входят четыре рамки. Сторож приходит в девять вечера. Банка стоит триста рублей. Воск сдают на фабрику. В дождь ульи не открывают.`,
    `Сколько ульев на пасеке?\nСколько стоит банка?\nКогда приходит сторож?`,
    `Оцени, как дождливый июль изменит весь порядок работ, и обоснуй, чем придётся пожертвовать.\nДокажи или опровергни по тексту, что одной медогонки достаточно.`,
  ),
  trade(
    `डाकघर में चार खिड़कियाँ हैं। पहली खिड़की पर टिकट मिलते हैं। पार्सल का वज़न बीस किलो तक हो सकता है। डाकिया सुबह दस बजे निकलता है। शनिवार को डाकघर एक बजे बंद होता है। बचत खाता दूसरी खिड़की पर खुलता है।`,
    `डाकघर में कितनी खिड़कियाँ हैं?\nपार्सल का वज़न कितना हो सकता है?\nडाकिया कब निकलता है?`,
    `इन नियमों में बुज़ुर्गों के साथ कहाँ अन्याय होता है, तर्क सहित मूल्यांकन करो और बेहतर व्यवस्था का प्रस्ताव दो।\nयदि दो खिड़कियाँ बंद हों तो कौन से काम टकराएँगे? कारण सहित विश्लेषण करो।`,
  ),
  trade(
    `灯塔建在岛的北端，有两盏灯和一台发电机。灯每十秒闪三次。守塔人每周换一次班。柴油够用二十五天。仓库里有六个救生圈。雾天要敲钟。游客周六可以上塔。`,
    `灯塔有几盏灯？\n仓库里有几个救生圈？\n游客哪天可以上塔？`,
    `论证一台发电机是否足够，分析各种故障之间的依赖关系，并提出你的改进方案。\n评估守塔人换班制度的风险，比较两种替代安排并给出结论。`,
  ),
  trade(
    `漁港の冷凍庫は三棟あり、それぞれ四十トン入る。競りは朝六時に始まる。氷は一箱二百円である。船は十二隻が登録している。台風の前日には全船を陸に上げる。事務所は二階にある。`,
    `冷凍庫は何棟ありますか？\n氷は一箱いくらですか？\n競りは何時に始まりますか？`,
    `台風の前日に大漁だった場合に生じる規則の衝突を分析し、どれを優先すべきか根拠を挙げて論証してください。\nこの数字から冷凍庫が足りなくなる条件を導き、仮定を一つずつ検討してください。`,
  ),
].map((foreign) => ({ ...foreign, isForeign: true }));
