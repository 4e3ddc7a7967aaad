"""First names that many people have, in the languages that the scan knows; in lower case.

Only to tell a column of people from a column of firms, films and places: a rare name is not missed by it where most
rows have a common one.
"""

FIRST_NAMES = frozenset(
    """
    aaron abigail ada adam adrian ahmed aisha alan albert alejandra alejandro alex alexander alexandra ali alice alicia
    alison amanda amelia amy ana anastasia andrea andreas andrew angela anita anja anke ann anna anne annika anthony
    antje antoine antonia antonio arthur ashley astrid audrey barbara beatrice beatriz ben benjamin benoît bernard
    bernd bettina bill birgit bob brandon brenda brian brigitte bruno camille carl carla carlos carmen carol caroline
    catherine cécile charles charlotte chloé chris christian christiane christina christine christoph christophe
    christopher claire clara claudia claudio clemens clément concepción cornelia cristina cynthia damien daniel daniela
    danielle dave david deborah delphine denis dennis diana diego dieter dmitri dolores dominik dominique donald donna
    dorothea dorothy douglas eduardo edward elena elisabeth elizabeth ella elsa emil emilia emily emma emmanuel
    enrique eric erik erika ernst esther eugene eva evelyn fabian fatima federico felix fernando florence florian
    francesca francisco françois françoise frank franz fred frederick frédéric friedrich gabriel gabriela gabriele
    gary george georg gerald gerhard gertrud gilles giovanni giulia gloria gonzalo grace greg gregory guillaume
    guillermo gustav hanna hannah hans harald harry heather heike heinrich heinz helen helena helga helmut henri henry
    herbert hermann hiroshi holger horst hugo ian ibrahim ignacio ines ingrid irene isabel isabella isabelle ivan jack
    jacob jacqueline jacques jaime jakob james jamie jan jana jane janet janine jason javier jean jeff jeffrey jennifer
    jens jérôme jessica jesús jim joachim joan joe joel johan johann johannes john jonas jonathan jordan jorge josé
    josef joseph josephine josh joshua juan juana judith jules julia julian juliane julie julien juliette jürgen justin
    karen karin karl karsten katharina kathleen kathrin kathryn katja kate keith kelly ken kenji kenneth kerstin kevin
    kim klaus kristin kurt kyle lara larry laura lauren laurence laurent léa lena leo leon leonie lewis liam lilly
    linda lisa logan louis louise luca lucas lucía lucie lucy luis luisa lukas lydia madeleine maike manfred manon
    manuel manuela marc marcel marco marcus margaret margarita maria maría marie marina mario marion mark marko markus
    marlene marta martha martin martina martine mary mathias matthew matthias maureen max maximilian megan mehmet
    melanie melissa mercedes mia michael michaela michel michelle miguel mike mohamed mohammed monika monique nadia
    nadine nancy natalia natalie nathalie nathan nicholas nick nicola nicole nicolas nina noah norbert nuria oliver
    olivia olivier olga oscar otto pablo pamela pascal patricia patrick paul paula pauline pedro peter petra philip
    philipp philippe pierre pilar rachel rafael rainer raj ralf ralph ramón raphaël raquel raúl raymond rebecca regina
    reinhard renate renaud rené ricardo richard robert roberto robin rodrigo roger roland rolf ronald rosa rosario
    rose rudolf russell ruth ryan sabine sakura sally sam samantha samuel sandra sandrine santiago sara sarah scott
    sean sébastien sebastian sergio sharon shirley silke silvia simon simone sofia sonja sophia sophie stefan stefanie
    steffen stephan stéphane stephanie stephen steve steven sue susan susana susanne suzanne sven sylvia sylvie takashi
    tamara tanja taylor teresa thérèse theodor theresa thierry thomas thorsten tim timothy tina tobias todd tom tomás
    tony torsten udo ulrich ulrike ursula uta ute uwe valentina valérie vanessa vera verónica veronika véronique
    victor victoria vincent virginia volker walter werner wilhelm william wolfgang xavier yan yolanda yuki yusuf yves
    yvonne zoe zoé
    """.split()  # noqa: SIM905
)
