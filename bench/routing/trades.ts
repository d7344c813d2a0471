/** Documents of many trades with what can be looked up in them and what has to be worked out, for training only. Those of `held-out-trades.ts` are others. */

export interface Trade {
  /** In another language than English. */
  readonly isForeign?: boolean;
  readonly sentences: readonly string[];
  /** Answered by one place of the text. */
  readonly lookups: readonly string[];
  /** Weigh several places against each other. */
  readonly hard: readonly string[];
}

const trade = (text: string, lookups: string, hard: string): Trade => ({
  sentences: text.split('\n').map((line) => line.trim()),
  lookups: lookups.split('\n').map((line) => line.trim()),
  hard: hard.split('\n').map((line) => line.trim()),
});

export const trades: readonly Trade[] = [
  trade(
    `The bakery on Mill Lane opens at five and closes at two.
    The large oven has three decks, each of which holds 24 loaves.
    Sourdough rests for eighteen hours in the cold room.
    Flour comes from two mills, rye from Halden and wheat from Borg.
    The mixer is stopped before anyone reaches into the bowl.
    Unsold bread goes to the shelter, except cakes with cream.
    Orders for weddings are taken until ten days before.
    Salt is weighed twice, because it cannot be taken out again.
    The apprentice fires the oven at three in the morning.
    A deck that stays below 210 degrees is left empty.
    Rolls are sold by the piece and bread by weight.`,
    `How many decks does the oven have?
    How many loaves fit on one deck?
    Which mill delivers the rye?
    How long does the sourdough rest?
    When does the bakery close?
    Who fires the oven?`,
    `Work out how many loaves can leave the bakery by six if one deck fails, and say which assumption matters most.
    Which of these rules would you drop first if the apprentice were ill, and what follows for the rest?
    Is the handling of unsold bread consistent with the rest of the text? Argue.`,
  ),
  trade(
    `The choir rehearses on Wednesdays in the old fire station.
    There are 46 singers: fourteen sopranos, sixteen altos, seven tenors and nine basses.
    The fee is twelve euros a month and is waived for students.
    Whoever misses three rehearsals in a row does not sing in the next concert.
    The summer concert takes place in the courtyard, in the rain in the church.
    Scores belong to the choir and are returned after the concert.
    The conductor chooses the programme and tells the committee in January.
    The piano is tuned twice a year at the cost of the town.
    Guests may listen from the gallery, but not from the stairs.
    The treasurer pays soloists in cash after the concert.`,
    `How many tenors are there?
    How much is the fee for a month?
    Where is the concert if it rains?
    Who chooses the programme?
    How often is the piano tuned?
    From where may guests listen?`,
    `Draft a rule for missed rehearsals that is fair to singers on shift work without weakening the present one, and justify it.
    Which provisions collide if a student misses three rehearsals and is the only soloist? Resolve it.
    Judge whether the choir can afford a second soloist; state what the text leaves open.`,
  ),
  trade(
    `The cable car has two cabins, which hang on one rope and balance each other.
    Each cabin carries 35 passengers and one attendant.
    The ride takes seven minutes at full speed and eleven in strong wind.
    Above sixty kilometres an hour of wind the cabins stay in the stations.
    The rope is shortened by four metres every six years.
    The brake on the carriage closes by itself when the rope goes slack.
    The diesel engine in the valley brings both cabins home if the power fails.
    Bicycles ride in the last car of the evening.
    A doctor of the ski patrol rides without a ticket.
    Inspections are made in November, when the line is closed for three weeks.`,
    `How many passengers fit in a cabin?
    How many minutes does a ride take in strong wind?
    In which month is the inspection?
    How often is the rope shortened?
    What happens when the rope goes slack?
    How many cabins are there?`,
    `Estimate how long it takes to bring 400 people down after a power cut, with every step, and say where the text forces you to guess.
    Which single failure is not covered here? Reason through what would happen.
    Do the limits for wind and the longer ride fit together? Find the weak point and propose a better rule.`,
  ),
  trade(
    `The museum lends paintings for at most six months.
    The borrower pays for the crate, the courier and the insurance.
    Paper is shown at 50 lux, oil at 150.
    A picture rests for two days in its crate before it is opened.
    Two people open it, one of them a conservator.
    The report on its state has photographs of all four corners.
    Loans abroad need the signature of the director and of the ministry.
    No picture travels twice in the same year.
    Glass is taped crosswise before the journey.
    The climate of the hall is written down every hour.
    A loan may be called back if the hall is too damp for a week.`,
    `For how long may a painting be lent?
    At how many lux is paper shown?
    Who pays for the crate?
    How many people open a crate?
    Whose signatures does a loan abroad need?
    How often is the climate written down?`,
    `A lender calls a picture back in the fifth month; who bears which cost? Reason from the rules and point out the gap.
    Assess whether the damp clause gives the museum too much power, and reword it so that both sides could sign.
    Three venues want the same watercolour in two years. Which order is possible under these rules? Show why the others fail.`,
  ),
  trade(
    `The beekeeper keeps nineteen hives on four meadows.
    Each hive has two boxes in spring and four in July.
    Honey is taken when three quarters of the cells are closed.
    The centrifuge takes eight frames and is turned by hand.
    Mites are counted on the white board under the hive.
    More than ten mites a day are treated with formic acid.
    The entrance is made narrower in September against mice.
    Swarms are caught in a basket and kept dark for two nights.
    A jar holds 500 grams and costs seven euros.
    The meadow by the river is left in wet years.`,
    `How many hives does the beekeeper have?
    How many frames does the centrifuge take?
    What does a jar of honey cost?
    When is the entrance made narrower?
    Where are mites counted?
    How many boxes has a hive in July?`,
    `Would treating all hives at the first mite be better than the rule given? Weigh harm against benefit and say what evidence would decide it.
    Derive a calendar for one person from this, with every dependency, and show where two tasks cannot both be done.
    Explain how a wet spring would change the yield of each meadow, and how sure that is.`,
  ),
  trade(
    `The library has three floors and a cellar.
    Up to fifteen books may be borrowed at once, for four weeks each.
    A book that nobody else wants is renewed twice.
    After that it has to come back for at least one day.
    Late books cost twenty cents a day, at most six euros.
    Newspapers are read in the hall and not lent.
    The reading room on the second floor has 60 seats and no talking.
    A lost card is replaced for three euros.
    School classes come on Tuesday mornings, when the ground floor is closed to others.
    The bus stops at four villages, every second Thursday.`,
    `How many books may I borrow at once?
    How many seats does the reading room have?
    What does a lost card cost?
    How often is a book renewed?
    At how many villages does the bus stop?
    On which floor is the reading room?`,
    `Can a reader keep a book for a year without breaking a rule? Prove it from the text or show what prevents it.
    Redesign the fees so that they are fair to families and still bring books back; defend each change against the present rule.
    What did the author forget about the cellar and the bus, and which disputes will come of it?`,
  ),
  trade(
    `The ferry leaves the north pier every forty minutes.
    It carries eighteen cars or five lorries, and 120 people.
    Cars with gas drive on last and stay on the open deck.
    The crossing takes nine minutes at high water and fourteen at low water.
    In fog the horn sounds once a minute.
    The crew are a captain, a mate and two deckhands.
    The ramp holds twenty tons.
    A life jacket hangs behind every door, those for children under the stairs.
    Residents of the island pay half.
    The last ferry waits for the doctor, for nobody else.`,
    `How many cars does the ferry carry?
    How many lorries fit on it?
    How long is the crossing at low water?
    Where are the jackets for children?
    How many deckhands are there?
    How much does the ramp hold?`,
    `On a holiday 300 cars wait at noon. Work out when the last of them is across at falling water, and which figure is decisive.
    Is it right that the ferry waits for the doctor alone? Argue both sides and settle it.
    Find the rule here that an accident inspector would attack, and build the case against it.`,
  ),
  trade(
    `The glass works melt sand, soda and lime at 1,450 degrees.
    The furnace has run without a break for eleven years.
    It has six openings, and a master stands at each.
    The lehr cools a bowl in seven hours.
    A seed in the glass makes it second choice.
    Cullet is a third of every batch.
    The night shift stirs, the day shift blows.
    Cobalt colours a batch blue, copper green.
    Moulds of pear wood are kept in water.
    Visitors stand behind the red line and do not touch the pipes.
    The grinder wears a mask, the packer gloves.`,
    `How many openings does the furnace have?
    How hot is the melt?
    Which metal makes glass green?
    How long does a bowl cool?
    How much of a batch is cullet?
    What kind of wood are the moulds of?`,
    `Should the furnace be rebuilt now or run on? Develop the criteria from the text and say what you would measure first.
    If the share of cullet rose to a half, which other statements here could no longer hold? Reason step by step.
    Evaluate the safety rules and rank what is missing.`,
  ),
  trade(
    `The riding school owns thirteen horses and two ponies.
    Lessons last fifty minutes, for beginners on the lunge thirty.
    No horse works more than three lessons a day.
    The vet comes every eight weeks, the farrier every six.
    Hay is fed four times, oats twice.
    A rider who weighs over 90 kilograms rides only Bruno or Hedda.
    Helmets are lent for two euros.
    The gate to the paddock has a double bolt.
    On the road the first and the last rider wear vests.
    Whoever cancels later than the evening before pays for the lesson.`,
    `How many ponies does the school own?
    How many lessons a day may a horse work?
    How often does the farrier come?
    Which horses may heavy riders ride?
    How much is it to borrow a helmet?
    How many times is oats fed?`,
    `Compute the largest number of lessons a week if two horses are lame and the vet's day is free, and explain which rule binds.
    The parents of a child that fell blame the school. Which facts in the text help which side, and what is missing?
    Rewrite the cancellation rule so that it survives a dispute, and explain every word you changed.`,
  ),
  trade(
    `The weather station stands at 2,104 metres on the saddle.
    Two observers live there for a fortnight at a time.
    They read the instruments every three hours, at night as well.
    The wind gauge is heated, the rain gauge is not.
    Snow is measured at three stakes and the mean is sent.
    The generator has fuel for forty days.
    The radio has two channels, one for reports and one for emergencies.
    The hut below has a telephone.
    In a thunderstorm nobody goes to the mast.
    The record low is from February 1956.`,
    `At what height does the station stand?
    How many stakes is snow measured at?
    How many channels does the radio have?
    For how many days does the fuel last?
    When was the record low?
    Which of the gauges is heated?`,
    `How far can the snow figures be trusted, given how they are taken? Derive the possible error and suggest a remedy.
    The road is cut for fifty days. Decide what to shut down, in which order, and justify it from the text.
    Which of the duties contradict each other in a storm at night? Propose what should prevail.`,
  ),
  trade(
    `The sewing room makes uniforms for nine hotels.
    There are eleven machines, four of them for buttonholes.
    Cloth is cut in layers of thirty.
    A jacket takes 95 minutes, trousers forty.
    Sizes above 56 are made to measure.
    Needles are counted in the evening; a lost one is searched for until it is found.
    Faulty pieces hang on the red rail.
    The steam of the press is let out before the weekend.
    Buttons come from Varde in boxes of 144.
    Pay is by the hour, with a bonus for pieces without fault.`,
    `How many machines are for buttonholes?
    How many buttons are in a box?
    How long does a jacket take?
    On which rail do faulty pieces hang?
    For how many hotels do they sew?
    Which sizes are made to measure?`,
    `Does the bonus reward the right thing? Analyse how it changes behaviour at each step and propose an alternative.
    An order of 260 suits is due in four weeks. Plan it with the figures given and show the bottleneck.
    Which rule about needles follows from a danger that is not named, and what else would it require?`,
  ),
  trade(
    `The allotment association lets 82 gardens.
    A garden has at most 400 square metres, a third of it for vegetables.
    Huts have no cellar and no chimney.
    Hedges are cut to 1.20 metres at the path.
    The water is turned on in April and off in October.
    Bonfires are forbidden, grills allowed.
    Every member works eight hours a year for all, or pays fifteen euros for each hour missed.
    Trees that grow taller than four metres are felled by the tenant.
    Hens may be kept, cocks may not.
    Whoever gives up a garden is paid for the hut by an assessor's value.`,
    `How many gardens does the association let?
    How high may a hedge be?
    How many hours does a member work for all?
    May I keep hens?
    When is the water turned off?
    What does a missed hour cost?`,
    `A tenant inherits a walnut tree of nine metres with the garden. Who has to do what, and who pays? Weigh the rules.
    Show where the rules on fires and huts leave a loophole and close it without forbidding more than now.
    Would a court uphold the fee for missed hours from an invalid member? Argue for both outcomes.`,
  ),
];

/** The same in other languages. */
export const foreignTrades: readonly Trade[] = [
  trade(
    `Die Seilerei am Hafen stellt Taue aus Hanf und aus Kunstfaser her. Die Reeperbahn ist 310 Meter lang. Ein Tau besteht aus drei Litzen, ein Trossenschlag aus neun. Der Seiler geht rückwärts und spinnt dabei. Der Wagen am Ende wird mit acht Steinen beschwert. Teer wird nur im Freien erhitzt. Die Lehrlinge fegen jeden Abend. Verkauft wird nach Gewicht, an Vereine mit zehn Prozent Nachlass. Im Lager hängen die fertigen Taue an vierzehn Haken.`,
    `Aus wie vielen Litzen besteht ein Tau?\nWie lang ist die Reeperbahn?\nAn wie vielen Haken hängen die Taue?\nWelchen Nachlass bekommen Vereine?`,
    `Prüfe, ob sich die Vorgaben zum Teer und zum Lager vertragen, und begründe, welche im Streitfall gelten muss.\nLeite her, wie sich die Länge der Bahn auf den Preis auswirkt, und nenne die Annahmen.`,
  ),
  trade(
    `La fromagerie du col transforme le lait de vingt-sept chèvres. Le lait caille en dix heures à 21 degrés. Les faisselles sont retournées deux fois. La cave a quatre étagères et une humidité de 92 pour cent. Un fromage pèse 180 grammes au bout de trois semaines. Le petit-lait est donné aux cochons du voisin. Le contrôle passe chaque trimestre. La vente a lieu le samedi devant la mairie, et le mercredi sur commande.`,
    `Combien de chèvres y a-t-il ?\nCombien d'étagères la cave a-t-elle ?\nCombien pèse un fromage ?\nÀ qui donne-t-on le petit-lait ?`,
    `Analyse ce qui se passerait si la cave tombait à 80 pour cent, étape par étape, et ce qu'il faudrait mesurer pour en être sûr.\nQuelles règles se contredisent pour les commandes du mercredi ? Propose une version défendable.`,
  ),
  trade(
    `La imprenta del barrio tiene dos prensas, una de 1931 y otra nueva. Los carteles se imprimen en hojas de 50 por 70. Cada color lleva una pasada y seis horas de secado. La tinta roja se guarda aparte. El taller admite nueve alumnos por curso. Los tipos de madera están en treinta y dos cajones. El papel se corta los lunes. Un encargo urgente cuesta un cuarto más.`,
    `¿Cuántas prensas tiene la imprenta?\n¿Cuántos cajones de tipos hay?\n¿Cuánto más cuesta un encargo urgente?\n¿Qué día se corta el papel?`,
    `Planifica un cartel de cuatro colores para ocho clientes con estas reglas y demuestra cuál es el cuello de botella.\n¿Qué obligaciones se contradicen en un encargo urgente? Argumenta cuál debe ceder.`,
  ),
  trade(
    `A horta comunitária fica atrás da escola e tem dezoito canteiros. Cada família cuida de um canteiro por dois anos. A água vem de uma cisterna de cinco mil litros. As ferramentas ficam no galpão verde. Aos domingos há mutirão das oito às onze. Um terço da colheita vai para a cozinha da escola. O composto leva quatro meses. Venenos são proibidos.`,
    `Quantos canteiros tem a horta?\nOnde ficam as ferramentas?\nQuantos litros cabem na cisterna?\nQuanto tempo leva o composto?`,
    `Avalie se a regra de um terço é justa em anos de seca e proponha outra, justificando cada mudança.\nCalcule por quantos dias a cisterna sustenta todos os canteiros, com as suposições, e diga qual delas decide.`,
  ),
  trade(
    `Столярная мастерская делает окна и лестницы. В ней пять станков и один общий пылесос. Дуб сушат полтора года, сосну восемь месяцев. Клей держит нагрузку через сутки. Ученик не работает на фрезере без мастера. Лак хранят в железном шкафу у двери. Заказ принимают с задатком в сорок процентов. Опилки забирает соседняя ферма по пятницам.`,
    `Сколько станков в мастерской?\nСколько сушат сосну?\nГде хранят лак?\nКакой нужен задаток?`,
    `Найди, какие из этих правил противоречат друг другу при срочном заказе, и обоснуй, какое должно уступить.\nРассчитай, когда можно сдать двенадцать дубовых лестниц, и покажи, какое допущение решает.`,
  ),
  trade(
    `गाँव की डेयरी सुबह पाँच बजे खुलती है। इसमें तीन टंकियाँ हैं, हर एक में छह सौ लीटर दूध आता है। दूध की जाँच सात मिनट में होती है। किसानों को हर दसवें दिन पैसा मिलता है। ट्रक शहर तक चालीस किलोमीटर जाता है। खराब दूध वापस कर दिया जाता है। बिजली जाने पर जनरेटर चलता है। घी केवल सर्दियों में बनता है।`,
    `डेयरी में कितनी टंकियाँ हैं?\nदूध की जाँच में कितना समय लगता है?\nघी कब बनता है?\nट्रक कितनी दूर जाता है?`,
    `इन नियमों में बिजली जाने पर कौन से नियम टकराते हैं? कारण सहित बताओ कि कौन सा माना जाए।\nयदि दूध दुगुना हो जाए तो पूरी व्यवस्था कहाँ टूटेगी? चरणबद्ध विश्लेषण करो।`,
  ),
  trade(
    `山上的茶厂每年采三次茶。厂里有七口锅和两台揉捻机。春茶在清明前采，只要一芽一叶。炒茶的师傅每锅放三两鲜叶。茶叶放在二楼的竹筐里，不能见光。游客可以在院子里喝茶，每杯八元。雨天不采茶。老板的女儿管账，每月月底结工钱。`,
    `茶厂有几口锅？\n每杯茶多少钱？\n谁管账？\n茶叶放在哪里？`,
    `分析如果春天连下二十天雨，这些规定会在哪里互相冲突，并论证应该先放弃哪一条。\n根据文中的数字推算一天最多能炒多少茶，并说明哪个假设最关键。`,
  ),
  trade(
    `町の銭湯は午後三時に開き、十一時に閉まる。男湯と女湯に浴槽が三つずつある。湯は薪とガスの両方で沸かす。番台には交代で四人が座る。石鹸は五十円、タオルは百円で貸す。月曜は休みで、祝日のときは火曜に休む。煙突は二年に一度掃除する。子どもは半額である。`,
    `浴槽はいくつありますか？\nタオルはいくらですか？\n煙突は何年に一度掃除しますか？\n何時に閉まりますか？`,
    `薪が手に入らなくなった場合にどの決まりが守れなくなるかを順に検討し、最も妥当な対策を根拠とともに論じてください。\nこの料金の決め方は公平と言えるか、両方の立場から論じて結論を出してください。`,
  ),
].map(({ sentences, lookups, hard }) => ({
  isForeign: true,
  sentences: sentences.flatMap((text) => text.split(/(?<=[.।。])\s*/u)).filter((text) => text !== ''),
  lookups,
  hard,
}));
