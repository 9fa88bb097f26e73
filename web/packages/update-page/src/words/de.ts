// German: the same tone as English, for somebody who has a phone and a file.
import type { Words } from './words.js';

const SAME = 'Auf dem Gerät läuft, was vorher lief.';
const CLOSER = 'Gehen Sie näher an das Gerät oder sein WLAN und versuchen Sie es noch einmal.';
const POWER = 'Schalten Sie es aus und wieder ein.';
const REBUILD = 'Die Datei muss neu erzeugt werden.';
const FILE = 'Wählen Sie die Update-Datei für dieses Gerät (sie heißt oft www.bin).';
const MEND = 'Wer sie gemacht hat, muss das beheben.';
const UNFRAMED =
  'Eine Richtlinie verbietet, die neue Oberfläche unsichtbar zu laden (frame-src, frame-ancestors oder X-Frame-Options).';

export const de: Words = {
  lang: 'de',
  point: ',',
  units: ['T', 'Std.', 'Min.', 'Sek.'],

  heading: 'Aktualisierung',
  asking: 'Das Gerät wird gesucht …',
  unnamed: 'Oberfläche ohne Version',
  nothing: 'Keine Oberfläche',
  runs: {
    settled: (time) => `Läuft seit ${time}`,
    kept: (time) => `Läuft seit ${time}; niemand hat bestätigt, dass es funktioniert`,
    onTrial: 'Auf Probe',
    doubtful: (time, why) => `Läuft seit ${time}, aber es ${why}`,
    settling: (time) => `Neu und auf Probe: Das Gerät behält es in ${time}`,
    backAgain: (time) => `Läuft wieder; das Gerät prüft es noch ${time}`,
    restarting: 'Das Gerät startet neu',
    silent: (time) => `Das Gerät antwortet seit ${time} nicht`,
    recovery: 'Nur die Rettungsseite funktioniert',
    loading: 'Wird geladen …',
  },

  bar: {
    phases: {
      reconnecting: 'Verbindung verloren',
      sending: 'Senden',
      writing: 'Schreiben',
      checking: 'Prüfen',
      switching: 'Prüfen',
      restarting: 'Neustart',
      confirming: 'Erproben',
      done: 'Fertig',
    },
    meaning: {
      reconnecting:
        'Wenn das Gerät wieder antwortet, geht es von selbst weiter. Lassen Sie diese Seite offen.',
      sending: 'Die Datei ist unterwegs. Lassen Sie diese Seite offen.',
      writing:
        'Das Gerät schreibt die neue Oberfläche neben die laufende. Lassen Sie diese Seite offen.',
      checking: 'Das Gerät prüft alles, was es geschrieben hat.',
      switching: 'Das Gerät prüft alles, was es geschrieben hat.',
      restarting: 'Das Gerät startet neu. Lassen Sie diese Seite offen.',
      confirming:
        'Die neue Oberfläche wird geladen, um zu sehen, ob sie funktioniert. Lassen Sie diese Seite offen.',
      done: 'Es ist bestätigt und wird geladen …',
    },
    goingBack: 'Rückkehr',
    goingTo: (name) => `Wechsel zu ${name}`,
    goingBackText: 'Das Gerät prüft die andere Oberfläche und startet damit neu.',
    stopping: 'Wird abgebrochen …',
    stoppingText: 'Was noch unterwegs ist, wird verworfen.',
    others: 'Jemand anders aktualisiert das Gerät',
    bytes: (done, total) => `${done} von ${total}`,
    speed: (size) => `${size}/s`,
    left: (time) => `noch etwa ${time}`,
    waiting: (time) => `wartet auf das Gerät … (${time})`,
    undecided: (time) =>
      `das Gerät kehrt in ${time} zurück, außer es zeigt sich, dass alles funktioniert`,
  },

  task: {
    chooseHint: 'oder hier ablegen',
    newer: (to, from) => `${from} → ${to}, neuer`,
    older: (to, from) => `${from} → ${to}, älter als die laufende`,
    same: (to) => `${to}: dieselbe Version wie die laufende, mit anderem Inhalt`,
    other: (to, from) => `${from} → ${to}`,
    identical: (to) => `${to} läuft schon: nichts zu tun`,
    overwrites: (other) =>
      `Dies überschreibt ${other}, das neben der laufenden Oberfläche aufbewahrt wird. Was läuft, bleibt für den Rückweg.`,
    isThere:
      'Genau diese Datei ist schon neben der laufenden Oberfläche; sie wird noch einmal gesendet. Was läuft, bleibt für den Rückweg.',
    overwritesNothing:
      'Nichts, was gebraucht wird, wird überschrieben. Was läuft, bleibt für den Rückweg.',
    deciding: (name) => `Funktioniert ${name}?`,
    decidingText: (time) => `Wenn niemand das bestätigt, kehrt das Gerät in ${time} zurück.`,
    settling: 'Bis das Gerät sich sicher ist, kann nichts installiert werden.',
    none: 'Zurzeit kann nichts installiert werden.',
  },

  controls: {
    choose: 'Update-Datei wählen',
    another: 'Andere Datei wählen',
    install: (name) => `${name} installieren`,
    tryAgain: 'Noch einmal versuchen',
    cancel: 'Abbrechen',
    keep: 'Behalten',
    look: 'Erst ansehen',
    goBackNow: 'Jetzt zurück',
    goBack: (name) => `Zurück zu ${name}`,
    goForward: (name) => `Wieder zu ${name}`,
    anyway: (name) => `${name} trotzdem starten`,
    backup: 'Kopie der laufenden sichern',
    reload: 'Laden',
    dismiss: 'Schließen',
  },

  back: {
    kept: (name) => `${name} ist für den Rückweg aufbewahrt.`,
    newer: (name) => `${name}, das neuer ist, ist daneben aufbewahrt.`,
    same: (name, what) => `Ein anderes ${name} ist für den Rückweg aufbewahrt: ${what}.`,
    identical: 'Für den Rückweg ist genau dieselbe Oberfläche aufbewahrt.',
    failed: (name, why) => `${name} ist noch da, aber es ${why}.`,
    none: 'Es gibt keinen Rückweg: Auf dem Gerät ist keine andere Oberfläche.',
    notYet: 'Es gibt noch keinen Rückweg.',
    writing: 'Die neue Oberfläche kommt neben die laufende, die für den Rückweg bleibt.',
    forward: (name) => `${name}, das vorher lief, ist daneben aufbewahrt.`,
    build: (build, size) => `Build ${build}, ${size}`,
  },
  ask: {
    text: (name, runs) =>
      `Das Gerät startet mit ${name} neu. ${runs} bleibt aufbewahrt, der Weg zurück steht also offen.`,
    warning: (name, why) => `Beim letzten Mal: ${name} ${why}.`,
    no: 'Bleiben',
  },

  notices: {
    missing: [
      'Ein Teil dieser Seite fehlt',
      'Das Gerät hat ihn nicht geschickt. Es wurde nichts geändert.',
      'Versuchen Sie es noch einmal, oder laden Sie diese Seite neu.',
    ],
    silent: [
      'Das Gerät antwortet nicht',
      'Von hier aus ist es nicht erreichbar.',
      'Prüfen Sie seinen Strom und Ihr WLAN. Diese Seite sucht weiter.',
    ],
    locked: ['Dafür braucht es das Passwort des Geräts'],
    denied: [
      'Das Gerät möchte Sie kennen',
      '',
      'Melden Sie sich dort an und laden Sie dann diese Seite neu.',
    ],
    recovery: [
      'Das Gerät hat keine Oberfläche',
      'Was darauf ist, lässt sich nicht lesen.',
      'Installieren Sie eine Update-Datei.',
    ],
    stale: ['Auf dem Gerät läuft jetzt eine andere Oberfläche', 'Diese Seite gehört zur vorigen.'],
    changed: [
      'Die Datei hat sich seit der Auswahl geändert',
      'Unten steht, was jetzt darin ist. Nichts wurde gesendet.',
      'Installieren Sie es oder wählen Sie eine andere.',
    ],
    updated: (to) => [
      `Auf ${to} aktualisiert`,
      'Die neue Oberfläche hat gezeigt, dass sie funktioniert.',
    ],
    kept: (to) => [
      `${to} läuft, und niemand weiß, ob es funktioniert`,
      'Es wurde nicht rechtzeitig bestätigt, aber es gibt keinen Rückweg.',
      'Wenn es nicht funktioniert, installieren Sie eine andere Update-Datei.',
    ],
    rolledBack: (to) => [`Zurück zu ${to}`, 'So wurde es verlangt.'],
    cancelled: (runs, back) => [
      'Abgebrochen',
      `${runs} läuft weiter. ${back}`.trim(),
      'Sie können jederzeit neu beginnen.',
    ],
    stillBack: (name) => `Der Rückweg zu ${name} ist noch da.`,
    overwritten: (name) => `Der Rückweg zu ${name} wurde gerade überschrieben und ist weg.`,
    confirmed: (to) => [
      `Auf ${to} aktualisiert`,
      'Es wurde bestätigt, aber nicht vor dieser Seite.',
    ],
    said: (to) => [
      `${to} behalten: Sie haben es so gewollt`,
      'Selbst hat es nicht gezeigt, dass es funktioniert.',
    ],
    saidDespite: (to, error) => [
      `${to} behalten: Sie haben es so gewollt`,
      `Es hatte einen Fehler gemeldet: ${error}`,
    ],
    wentTo: (to) => [`Jetzt läuft ${to}`, 'So wurde es verlangt.'],
    interrupted: (runs) => [
      'Die Aktualisierung wurde abgebrochen',
      `Die Seite wurde während des Sendens verlassen. ${runs} läuft weiter.`,
      'Wählen Sie die Datei noch einmal.',
    ],
    tooLate: (to) => [
      'Zum Abbrechen war es zu spät',
      `Das Gerät hatte ${to} schon ganz und erprobt es.`,
      'Kehren Sie zurück, oder sehen Sie es sich an, bevor Sie es behalten.',
    ],
    replaced: (runs) => [
      `Auf dem Gerät läuft ${runs}`,
      'Jemand anders hat es inzwischen geändert.',
      'Sehen Sie nach, ob das so richtig ist.',
    ],
    throws: (name, error) => [`${name} meldet einen Fehler`, error],
    threw: (to, from, error) => [
      `${from} ist gescheitert: Das Gerät ist zu ${to} zurückgekehrt`,
      error,
      `${MEND} Installieren Sie es dann noch einmal.`,
    ],
    neverConfirmed: (to, from) => [
      `${from} hat nie gemeldet, dass es funktioniert: Das Gerät ist zu ${to} zurückgekehrt`,
      'Die Seite wurde geladen, hat sich aber nicht bestätigt.',
      'Wer sie gemacht hat, muss sie sich bestätigen lassen.',
    ],
    nobodyLoaded: (to, from) => [
      `${from} wurde nicht rechtzeitig geladen: Das Gerät ist zu ${to} zurückgekehrt`,
      'Diese Seite konnte es nicht laden; niemand weiß, ob es funktioniert.',
      'Lassen Sie diese Seite offen und sichtbar, und versuchen Sie es noch einmal.',
    ],
    wentBack: (to, from, why) => [`Das Gerät ist zu ${to} zurückgekehrt`, `${from} ${why}.`, MEND],
    otherBuild: [
      'Statt der neuen Oberfläche antwortet eine andere Seite',
      'Ein Service Worker oder ein Vorschau-Server zeigt diesem Browser eine ältere Seite; die beweist nichts.',
      'Sehen Sie sich das Gerät in einem privaten Fenster an. Behalten Sie es dann, oder kehren Sie zurück.',
    ],
    openIt: (name) => [
      `Sehen Sie sich ${name} an, um die Aktualisierung abzuschließen`,
      UNFRAMED,
      'Öffnen Sie sie: In ihrem eigenen Tab bestätigt sie sich selbst, wenn sie funktioniert.',
    ],
    notOpened: (to, from) => [
      `Niemand hat sich ${from} rechtzeitig angesehen: Das Gerät ist zu ${to} zurückgekehrt`,
      UNFRAMED,
      'Versuchen Sie es noch einmal, und sehen Sie es sich an, solange es auf Probe ist.',
    ],
    how: 'Wie sich eine Oberfläche bestätigt',
  },
  why: {
    not_confirmed: 'wurde nicht rechtzeitig bestätigt',
    kept_restarting: 'hat das Gerät immer wieder neu starten lassen',
    did_not_mount: 'ließ sich nicht aus dem Speicher lesen',
  },
  whyUnknown: 'hat nicht funktioniert',
  whyThrew: 'hat einen Fehler gemeldet',
  whySaid: 'hat selbst nie gezeigt, dass es funktioniert',
  whyTaken: 'wurde zurückgenommen, bevor es gezeigt hat, dass es funktioniert',

  problems: {
    stalled: ['Die Übertragung stand still', 'Es kam nichts mehr an.', CLOSER],
    'too-slow': ['Die Verbindung ist zu langsam', 'Das Gerät wollte nicht länger warten.', CLOSER],
    busy: [
      'Es läuft schon eine Aktualisierung',
      'Jemand anders aktualisiert das Gerät.',
      'Warten Sie, bis das vorbei ist.',
    ],
    'on-trial': [
      'Die laufende Oberfläche ist auf Probe',
      'Bis das vorbei ist, kann nichts anderes installiert werden.',
      'Behalten Sie sie oder kehren Sie zurück, und versuchen Sie es dann noch einmal.',
    ],
    restarting: [
      'Das Gerät startet gerade neu',
      'Es nimmt jetzt nichts an.',
      'Versuchen Sie es in ein paar Sekunden noch einmal.',
    ],
    'not-now': [
      'Das Gerät möchte jetzt keine Aktualisierung',
      '',
      'Versuchen Sie es noch einmal, wenn das vorbei ist.',
    ],
    'password-needed': [
      'Dafür braucht es das Passwort des Geräts',
      'Es wurde nicht eingegeben.',
      'Versuchen Sie es noch einmal.',
    ],
    'password-unset': [
      'Das Gerät braucht erst ein Passwort',
      'Es wurde keines gesetzt.',
      'Versuchen Sie es noch einmal und setzen Sie eines.',
    ],
    unauthorized: [
      'Das Gerät kennt Sie nicht',
      '',
      'Melden Sie sich dort an und versuchen Sie es noch einmal.',
    ],
    forbidden: [
      'Das dürfen Sie nicht',
      '',
      'Melden Sie sich als jemand an, der das darf, und versuchen Sie es noch einmal.',
    ],
    'no-way-back': ['Kein Rückweg', '', 'Installieren Sie stattdessen eine Update-Datei.'],
    'other-build': [
      'Auf dem Gerät läuft jetzt eine andere Oberfläche',
      'Es ist nicht die, die Sie gesehen haben.',
      'Sehen Sie sie erst an. Behalten Sie sie dann, oder kehren Sie zurück.',
    ],
    'not-on-trial': [
      'Es ist schon entschieden',
      'Nichts wartet darauf, behalten zu werden.',
      'Laden Sie diese Seite neu.',
    ],
    'too-large': [
      'Die Update-Datei ist zu groß',
      'Sie passt nicht auf dieses Gerät.',
      'Die Oberfläche muss kleiner werden.',
    ],
    'proxy-limit': [
      'Ein Proxy weist die Update-Datei ab',
      'Er nimmt nichts von dieser Länge an, wie nginx mit client_max_body_size.',
      'Lassen Sie das erhöhen, oder öffnen Sie diese Seite unter der eigenen Adresse des Geräts.',
    ],
    'bad-length': ['Die Datei ist nicht vollständig', '', REBUILD],
    truncated: [
      'Das Ende der Datei fehlt',
      '',
      'Kopieren Sie sie noch einmal, oder laden Sie sie neu herunter.',
    ],
    'not-an-image': ['Nicht für dieses Gerät gemacht', '', FILE],
    'other-firmware': [
      'Für andere Firmware gemacht',
      '',
      'Aktualisieren Sie die Firmware, oder wählen Sie eine andere Datei.',
    ],
    'not-signed': [
      'Die Datei ist nicht unterschrieben',
      'Dieses Gerät nimmt nur unterschriebene Dateien an.',
      FILE,
    ],
    'other-key': [
      'Von jemand anderem unterschrieben',
      'Dieses Gerät kennt den Schlüssel nicht.',
      FILE,
    ],
    'bad-signature': [
      'Die Unterschrift stimmt nicht',
      'Die Datei wurde geändert, seit sie unterschrieben wurde.',
      REBUILD,
    ],
    'step-back': [
      'Zu alt für dieses Gerät',
      'Darauf wurde schon eine neuere Oberfläche bestätigt.',
      'Wählen Sie eine neuere Datei.',
    ],
    rejected: ['Die Datei hat die Prüfung nicht bestanden', '', REBUILD],
    'flash-fault': [
      'Der Speicher hat versagt',
      '',
      'Versuchen Sie es noch einmal. Wenn es so bleibt, ist er verschlissen.',
    ],
    'nvs-fault': [
      'Die Einstellungen lassen sich nicht speichern',
      '',
      `${POWER} Wenn es so bleibt, löschen Sie sie über USB.`,
    ],
    'no-slots': [
      'Kein Platz für eine Oberfläche',
      '',
      'Die Firmware muss über USB neu installiert werden.',
    ],
  },
  holds: (size) => `Es hat Platz für ${size}.`,
  stillRuns: SAME,
  unreachable: {
    silent: [
      'Keine Antwort vom Gerät',
      'Nichts wurde geändert.',
      'Prüfen Sie seinen Strom und Ihr WLAN, und versuchen Sie es noch einmal.',
    ],
    foreign: [
      'Das ist nicht das Gerät',
      'Hier antwortet etwas anderes, etwa die Anmeldeseite eines Netzes.',
      'Prüfen Sie Adresse und Netz.',
    ],
    lost: ['Die Verbindung brach ab', `Die Datei kam nicht vollständig an. ${SAME}`, CLOSER],
    restarted: [
      'Das Gerät ist neu gestartet',
      `Es verlor den Strom oder wurde zurückgesetzt, bevor die Datei vollständig war. ${SAME}`,
      'Prüfen Sie seinen Strom, und versuchen Sie es noch einmal.',
    ],
    gone: [
      'Das Gerät ist weg',
      'Es startet mit dem, was lief, oder mit der ganzen neuen Oberfläche auf Probe.',
      'Prüfen Sie seinen Strom und Ihr WLAN, und versuchen Sie es noch einmal.',
    ],
    not_back: [
      'Das Gerät antwortet nach dem Neustart nicht',
      'Es hat die Datei angenommen. Wenn niemand die neue Oberfläche bestätigt, kehrt es von selbst zurück.',
      `Suchen Sie sein Netz und seine Adresse. ${POWER}`,
    ],
    not_restarted: [
      'Das Gerät startet nicht neu',
      'Es hat die Datei angenommen, aber es läuft noch die alte Oberfläche.',
      POWER,
    ],
  },
  files: {
    gone: () => [
      'Die Datei wurde geändert oder verschoben',
      'Sie ist nicht mehr die, die Sie gewählt haben. Nichts wurde gesendet.',
      'Wählen Sie sie noch einmal.',
    ],
    unreadable: () => [
      'Die Datei lässt sich nicht lesen',
      'Nichts wurde gesendet.',
      'Wählen Sie sie noch einmal.',
    ],
    firmware: () => [
      'Das ist keine Update-Datei',
      'Es ist Firmware für den Chip; die Oberfläche ist eine andere Datei.',
      FILE,
    ],
    other: () => ['Das ist keine Update-Datei', 'Es ist eine Datei anderer Art.', FILE],
    version: (value) => ['Diese Update-Datei ist anderer Art', `Sie ist LittleFS ${value}.`, FILE],
    blocks: (value) => [
      'Diese Update-Datei ist für andere Geräte',
      `Sie hat Blöcke von ${value} Byte, nicht von 4096.`,
      FILE,
    ],
    'cut-off': () => ['Die Update-Datei ist abgeschnitten', 'Sie endet zu früh.', REBUILD],
  },
  aborted: [
    'Abgebrochen',
    `Die Übertragung wurde abgebrochen. ${SAME}`,
    'Sie können jederzeit neu beginnen.',
  ],
  broken: 'Hier ist etwas schiefgegangen',
  loadAnew: 'Laden Sie diese Seite neu.',

  details: {
    heading: 'Technische Einzelheiten',
    device: 'Gerät',
    name: 'Name',
    chip: 'Chip',
    firmware: 'Firmware',
    api: 'API',
    uptime: 'Läuft seit',
    boot: 'Start',
    fault: 'Störung',
    last: 'Letzte Änderung',
    boots: 'Neustarts auf Probe übrig',
    file: 'Datei',
    active: 'läuft',
    inactive: 'die andere',
    version: 'Version',
    build: 'Build',
    size: 'Größe',
    of: (used, size) => `${used} von ${size}`,
    sends: 'Sendet',
    sequence: 'Laufende Nummer',
    key: 'Schlüssel',
    hash: 'SHA-256',
    problem: 'Problem',
    recovery: 'Rettungsseite',
    wifi: 'WLAN einrichten',
  },
};
