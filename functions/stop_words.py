"""Words that carry little meaning of their own, by language.

The lists were written for this package from the closed classes of each language's grammar: articles, pronouns,
prepositions, conjunctions, particles, question words, and the forms of auxiliary verbs. They are short on
purpose: a word that can carry the sense of a sentence is not in them. All are in lower case, with a straight
apostrophe; English words with an apostrophe stand both ways where people write them both ways.
"""

from __future__ import annotations

_ENGLISH = """
a an the
i me my mine myself we us our ours ourselves you your yours yourself yourselves he him his himself she her hers
herself it its itself they them their theirs themselves one's this that these those
who whom whose which what when where why how
and or but nor so yet if unless because although though while until than as whether
at by for from in into of off on onto out over to under up with within without about above across after against
along among around before behind below beneath beside between beyond down during near through throughout toward
towards upon via
am is are was were be been being isn't aren't wasn't weren't
have has had having haven't hasn't hadn't do does did doing don't doesn't didn't
will would shall should can could may might must ought won't wouldn't shouldn't can't cannot couldn't mustn't
i'm you're he's she's it's we're they're i've you've we've they've i'd you'd he'd she'd we'd they'd
i'll you'll he'll she'll it'll we'll they'll that's there's here's what's who's let's
not no only just also too very then there here again once further ever
all any both each few more most other another some such same own every either neither
"""

_GERMAN = """
der die das den dem des ein eine einer eines einem einen kein keine keiner keines keinem keinen
ich mich mir mein meine meiner meines meinem meinen du dich dir dein deine deiner deines deinem deinen
er ihn ihm sein seine seiner seines seinem seinen sie ihr ihre ihrer ihres ihrem ihren es wir uns unser unsere
unserer unseres unserem unseren euch euer eure eurer eures eurem euren ihnen sich man selbst einander
dieser diese dieses diesem diesen jener jene jenes jenem jenen solcher solche solches solchem solchen
derselbe dieselbe dasselbe denselben demselben desselben derer dessen deren denen
wer wen wem wessen was welcher welche welches welchem welchen wann wo wohin woher warum wieso weshalb wie
und oder aber denn sondern doch als wenn weil dass daß ob obwohl damit während bevor nachdem bis indem sobald
an am ans auf aufs aus bei beim durch für gegen hinter in im ins mit nach neben ohne seit über um unter von vom vor
wegen zu zum zur zwischen außer gegenüber trotz statt
bin bist ist sind seid war warst waren wart gewesen sei wäre wären
habe hast hat haben habt hatte hattest hatten hattet gehabt hätte hätten
werde wirst wird werden werdet wurde wurden geworden worden würde würden
kann kannst können könnt konnte konnten könnte könnten muss musst müssen müsst musste mussten darf darfst dürfen
soll sollst sollen sollt sollte sollten will willst wollen wollt wollte wollten mag mögen möchte möchten
nicht nichts nie noch nur auch schon sehr so dann da dort hier hin her ja nein mehr wieder immer also zwar
alle aller alles allem allen andere anderer anderes anderem anderen einige einiger einigen jede jeder jedes jedem
jeden manche mancher manches manchem manchen viel viele vielen beide beiden etwas
"""

_FRENCH = """
le la les l' un une des du de d' au aux
je j' me m' moi tu te t' toi il elle on nous vous ils elles se s' soi lui leur eux y en
mon ma mes ton ta tes son sa ses notre nos votre vos leurs mien mienne tien tienne sien sienne
ce c' cet cette ces ceci cela ça celui celle ceux celles
qui que qu' quoi dont où quel quelle quels quelles lequel laquelle lesquels lesquelles quand comment pourquoi
et ou mais donc or ni car si comme lorsque puisque quoique tandis parce afin
à dans par pour sur sous avec sans vers chez entre depuis pendant avant après contre devant derrière dès jusque
jusqu' malgré parmi selon
suis es est sommes êtes sont étais était étions étiez étaient été étant être fus fut furent serai seras sera serons
serez seront serais serait serions seriez seraient sois soit soyons soyez soient
ai as a avons avez ont avais avait avions aviez avaient eu ayant avoir eut eurent aurai auras aura aurons aurez
auront aurais aurait aurions auriez auraient aie aies ait ayons ayez aient
ne n' pas point plus moins très trop aussi ainsi encore déjà même mêmes tout toute tous toutes autre autres aucun
aucune chaque quelque quelques plusieurs tel telle tels telles alors là ici puis
"""

_SPANISH = """
el la los las lo un una unos unas al del
yo me mí conmigo tú te ti contigo él ella ello usted ustedes se sí consigo le les nosotros nosotras nos vosotros
vosotras os ellos ellas
mi mis tu tus su sus nuestro nuestra nuestros nuestras vuestro vuestra vuestros vuestras mío mía míos mías tuyo tuya
tuyos tuyas suyo suya suyos suyas
este esta esto estos estas ese esa eso esos esas aquel aquella aquello aquellos aquellas
que qué quien quién quienes quiénes cual cuál cuales cuáles cuyo cuya cuyos cuyas cuando cuándo donde dónde como
cómo cuanto cuánto
y e o u pero sino ni aunque porque pues si mientras
a ante bajo con contra de desde durante en entre hacia hasta mediante para por según sin sobre tras
soy eres es somos sois son era eras éramos erais eran fui fuiste fue fuimos fuisteis fueron sido siendo ser seré será
serán sería serían sea sean fuera fueran
estoy estás está estamos estáis están estaba estaban estado estar esté estén estuvo estuvieron
he has ha hemos habéis han había habías habían habido haber hay haya hayan hubo habrá habría
no más menos muy también tampoco ya aún solo sólo así entonces aquí allí ahí otro otra otros otras mismo misma mismos
mismas todo toda todos todas algún alguna algunos algunas alguno ningún ninguna ninguno cada tan tanto tal tales
poco mucho muchos muchas algo nada
"""

_ITALIAN = """
il lo la i gli le l' un uno una un'
di a da in con su per tra fra del dello della dell' dei degli delle al allo alla all' ai agli alle dal dallo dalla
dall' dai dagli dalle nel nello nella nell' nei negli nelle col coi sul sullo sulla sull' sui sugli sulle d'
io me mi tu te ti egli lui lei ella esso essa noi ci voi vi loro essi esse sé si ne glielo gliela
mio mia miei mie tuo tua tuoi tue suo sua suoi sue nostro nostra nostri nostre vostro vostra vostri vostre
questo questa questi queste quest' quello quella quelli quelle quell' quel quei quegli ciò
che chi cui quale quali quanto quanta quanti quante quando dove come perché c' dov' cos'
e ed o od ma però anche né se perciò quindi mentre finché benché sebbene poiché
sono sei è siamo siete era ero eri eravamo eravate erano fui fu furono stato stata stati state essere essendo sarò
sarà saranno sarei sarebbe sarebbero sia siano fosse fossero
ho hai ha abbiamo avete hanno avevo aveva avevano avuto avere avendo avrò avrà avranno avrei avrebbe avrebbero abbia
abbiano avesse avessero
non più meno molto poco tanto troppo così già ancora solo sempre mai poi qui qua lì là altro altra altri altre stesso
stessa stessi stesse tutto tutta tutti tutte ogni alcuni alcune nessun nessuno nessuna qualche tale tali
"""

_PORTUGUESE = """
o a os as um uma uns umas
de do da dos das em no na nos nas ao à aos às por pelo pela pelos pelas num numa nuns numas dum duma com sem sob sobre
para pra entre até desde após ante contra perante durante segundo conforme
eu me mim comigo tu te ti contigo ele ela você vocês se si consigo lhe lhes nós conosco vós vos eles elas lo los las
meu minha meus minhas teu tua teus tuas seu sua seus suas nosso nossa nossos nossas vosso vossa vossos vossas
este esta estes estas isto esse essa esses essas isso aquele aquela aqueles aquelas aquilo deste desta destes destas
desse dessa desses dessas disso disto daquele daquela neste nesta nesse nessa nisso nisto
que quem qual quais cujo cuja cujos cujas quando onde como quanto quanta quantos quantas porquê
e ou mas nem porém pois porque porquanto embora se caso enquanto logo
sou és é somos são era eras éramos eram fui foi fomos foram sido sendo ser será serão seria seriam seja sejam fosse
fossem
estou está estamos estão estava estavam estado estar esteja estejam esteve estiveram
tenho tem temos têm tinha tinham tido ter teve tiveram terá terão teria tenha tenham
hei há havemos hão havia haviam houve haver haja hajam
não mais menos muito pouco tão também já ainda só apenas assim então aqui ali lá aí outro outra outros outras mesmo
mesma mesmos mesmas todo toda todos todas algum alguma alguns algumas nenhum nenhuma cada tal tais tudo nada algo
"""

_DUTCH = """
de het een 't 'n
ik me mij mijn m'n jij je jou jouw u uw hij hem zijn z'n zij ze haar het wij we ons onze jullie hen hun zich zichzelf
elkaar men deze die dit dat zulke zo'n
wie wat welke welk wanneer waar waarom hoe waarheen
en of maar want dus noch als dan omdat doordat hoewel terwijl totdat tot nadat voordat zodat indien toen
aan achter bij binnen boven buiten door in langs met na naar naast om onder op over per rond sinds te ten ter tegen
tussen uit van vanaf via voor zonder volgens tijdens
ben bent is zijn was waren geweest wees
heb hebt heeft hebben had hadden gehad
word wordt worden werd werden geworden
zal zult zullen zou zouden kan kunt kunnen kon konden mag mogen mocht mochten moet moeten moest moesten wil wilt
willen wilde wilden
niet geen niets nooit nog al wel ook er hier daar toch zo zeer heel erg maar weer alleen reeds nu meer meest
alle alles ander andere anderen beide elk elke ieder iedere iemand niemand iets enkele enige sommige veel vele zelf
zelfde
"""

#: The words by language code (ISO 639-1).
STOP_WORDS: dict[str, frozenset[str]] = {
    language: frozenset(words.split())
    for language, words in (
        ("en", _ENGLISH),
        ("de", _GERMAN),
        ("fr", _FRENCH),
        ("es", _SPANISH),
        ("it", _ITALIAN),
        ("pt", _PORTUGUESE),
        ("nl", _DUTCH),
    )
}
