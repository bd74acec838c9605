"""Every limit has a name, a unit and a reason."""

DATAGRAM_BYTES_MAX = 65_535
"""A datagram's length field has 16 bits (RFC 768); a buffer of this size cuts nothing."""

UDP_IPV4_PAYLOAD_BYTES_MAX = 65_507
"""65,535 less the IPv4 header (20) and the UDP header (8): the largest UDP carries."""

UDP_IPV6_PAYLOAD_BYTES_MAX = 65_527
"""65,535 less the UDP header (8): IPv6 does not count its own header (RFC 8200, section 3)."""

LINE_BYTES_MAX = 64 * 1024
"""A line longer than this is cut here: a peer that never ends its line holds no more of us."""

SEND_QUEUE_BYTES_MAX = 1024 * 1024
"""When this much waits for a peer that does not read, we stop reading from it too."""

PEER_QUEUE_BYTES_MAX = 8 * 1024 * 1024
"""A peer that more than this waits for, and for which there is more still, is let go: we stopped
reading from it at `SEND_QUEUE_BYTES_MAX`, and no answer to what came before is so long."""

HELD_BYTES_MAX = 256 * 1024 * 1024
"""All that a run holds of unfinished lines and frames, and of what its peers do not read; beyond
it those who hold most are let go. One alone holds little, ten thousand could fill a machine."""

HELD_SWEEP_S = 0.1
"""How often that is looked at: in between comes what the network brings in so long."""

DATAGRAM_BATCH_MAX = 64
"""Datagrams taken per wake-up: enough to spread the cost, few enough to stay fair."""

DATAGRAM_QUEUE_MAX = 1024
"""Answers kept for a datagram socket whose buffer is full; more are dropped, as UDP may."""

DATAGRAM_PEERS_MAX = 10_000
"""Datagram sources remembered at once; past it the longest silent are forgotten."""

DATAGRAM_PEER_IDLE_S_MAX = 60.0
"""A datagram source silent for this long is a peer no more."""

LINGER_S_MAX = 1.0
"""After our last byte we wait this long for the peer to close, so that its unread bytes
do not turn our close into a reset that overtakes what we sent (RFC 1122, 4.2.2.13)."""

TLS_HANDSHAKE_S_MAX = 10.0
"""A peer that has not agreed on keys within this time is let go; honest ones take a round trip
or two, and one that waits for us to speak first would wait for ever."""

SEND_STALL_S_MAX = 30.0
"""A peer we are done with, and that takes none of our queued bytes for so long, is cut off."""

REFUSED_REMEMBERED_MAX = 1_000
"""Refused datagram sources kept in mind, so that each is reported once and not per datagram."""

ADDRESS_PEERS_MAX = 512
"""Connections that one address may have, where nobody says otherwise: a classroom behind one
address has a dozen for each of forty people, and a program that goes wild leaves some to others.
This machine itself may have any number: who is here could do worse."""

ADDRESS_PEERS_PER_S_MAX = 100
"""New conversations that one address may begin in a second, where nobody says otherwise: more
than people and their scripts do, and a small part of what one core can take in. This machine
itself may begin any number."""

ADDRESS_BURST_S = 5.0
"""So many seconds' worth of them at once after a rest: a class that presses Enter together."""

ADDRESSES_REMEMBERED_MAX = 10_000
"""Addresses whose pace is kept in mind; the one that came longest ago is forgotten first."""

REFUSALS_TOLD_PER_S_MAX = 10
"""Refusals and failures that are told one by one in the long run; of more, only how many."""

REFUSALS_TOLD_BURST_S = 5.0
"""So many seconds' worth of them are told at once: what befalls a few is told whole."""

DESCRIPTORS_RETRY_S = 1.0
"""How long those at the door wait, at most, once the system has no socket left for them."""

REFUSED_LINGERING_MAX = 64
"""Refused connections kept open at once while they read why; more are closed at once."""

MESSAGES_BATCH_MAX = 32
"""Lines or frames of one peer that are told at a time, before the others have their turn: a
hundred thousand may have come in one read."""

LINES_BATCH_MAX = 512
"""Lines of one peer that are told at a time to a service that takes them together, at about a
microsecond each."""

TEXT_QUIET_S = 0.3
"""Text without an end of line counts as a message when nothing follows for this long:
many course scripts send no newline and wait for the answer."""

LINE_QUIET_S = 2.0
"""The same, where a slow network is the likelier reason: from a peer that has ended the line
before, or in the middle of a character. Above what three lost segments in a row cost (RFC 6298)."""

STOP_S_MAX = 2.0
"""How long a stopping run waits for queued bytes to leave."""

ACCEPT_BATCH_MAX = 128
"""Connections accepted per wake-up, so that those already inside are served between."""

HISTORY_TOLD_LINES_MAX = 10_000
"""Among so many of the latest lines a room looks, when it starts, for what sessions said last:
who comes back after a restart says again no more than it had in flight, a few lines."""

HISTORY_MEMORY_LINES_MAX = 1_000
"""Lines a room without a file remembers; the oldest are forgotten first."""

HISTORY_QUEUE_BYTES_MAX = 16 * 1024 * 1024
"""When this much waits to be written, whoever has more to keep is held back: seconds of a busy
room, which a disk that hesitates catches up with in one go."""

HISTORY_STALL_S_MAX = 5.0
"""A disk that makes no place in the queue for so long is given up, as a full one is: nobody
in the room can be answered meanwhile."""

HISTORY_LOCK_S_MAX = 2.0
"""How long we wait for a history file that another program holds: as long as a server that
stops may take to leave it (`STOP_S_MAX`)."""

FILE_BYTES_MAX = 1024 * 1024 * 1024
"""A larger file is not taken unless the person allows it: nobody fills a disk unasked."""

RECORDING_BYTES_MAX = 1024 * 1024 * 1024
"""A recording grows no larger unless the person allows it; the run goes on without it."""

FILE_NAME_CHARACTERS_MAX = 1024
"""A longer name is refused; one that is merely too long for the system is cut."""

FILE_PIECE_BYTES = 64 * 1024
"""So much of a file at least is read at a time and sent in one frame."""

FILE_PIECE_BYTES_MAX = 512 * 1024
"""So much of a file at most goes into one frame: measured, twice as much was not faster, and
half of it was slower."""

FILE_PIECE_S = 0.05
"""A piece grows while it leaves faster and shrinks while it leaves slower: what is said in
between waits about so long."""

PEER_FILES_MAX = 4
"""Files that one peer may send at once; the next is refused as busy."""

COMING_FILES_MAX = 64
"""Files that all peers together may send at once."""

WAITING_FILES_MAX = 1000
"""Files that may wait to be sent to a peer after the one that travels."""

UNWRITTEN_BYTES_MAX = 4 * 1024 * 1024
"""When so much of a peer's files waits for the disk, we stop reading from that peer."""

UNSENT_BYTES_MAX = 128 * 1024
"""So much may wait unsent in the system where a service paces itself: what it says in
between waits behind that (tcp(7), TCP_NOTSENT_LOWAT)."""

HISTORY_LOOKUPS_MAX = 20_000
"""Look-ups in a history that may wait; of more, each is answered at once that nothing was found.
Two for each of so many members as a large machine holds."""

LOOKUPS_BATCH_MAX = 64
"""Look-ups in a history between two of its transactions: those who ask much hold back nobody who
says something for longer than a moment."""

ROOM_ORDERS_PER_S_MAX = 10
"""Orders such as /who that one member may give a second in the long run: some cost as much as a
word to everybody, or two hundred lines looked up."""

ROOM_ORDERS_BURST_S = 2.0
"""So many seconds' worth of them at once: a script that sets itself up."""

ROOM_ANNOUNCED_PEERS_MAX = 100
"""When more members are in, it is told no more who comes, goes or changes their name: each of them
would cost a message to all others, and a crowd that comes and goes would be all one hears of."""

ROOM_DATAGRAM_PEERS_MAX = 100
"""Members that come in datagrams, of whom the longest silent is let go for the next: their
addresses may be forged, and each thing that is said is sent to every one of them."""

ROOM_AWAY_PEERS_MAX = 1_000
"""Members whose connection broke and whose names are kept for them; of more, none are."""

ROOMS_REMEMBERED_MAX = 1_000
"""Rooms whose last line is kept in mind; when there are more, the empty ones are forgotten."""

ROOM_FILE_BYTES_MAX = 16 * 1024 * 1024
"""A room takes no larger file unless whoever runs it allows it: a photograph is smaller."""

ROOM_FILES_BYTES_MAX = 1024 * 1024 * 1024
"""All files of a room together; the next is refused, none that was said is taken away."""

ROOM_UNSAID_FILES_MAX = 1_000
"""Files a room has taken and not said yet; of more, the oldest must be offered again."""

ROOM_WAITING_FILES_MAX = 100
"""Files that may wait to be sent to one member of a room."""

ROOM_SENT_FILES_MAX = 10_000
"""Files that may wait to be sent to all members of a room together."""

PROGRAM_INPUT_BYTES_MAX = 256 * 1024
"""When so much waits for a program that does not read its input, we stop reading from its peer."""

PROGRAM_KILL_S = 1.0
"""How long a program that was asked to end (SIGTERM) may take before it is killed."""

PROGRAM_S_MAX = 60.0
"""How long a peer's program may run where its owner says nothing else."""

PROGRAM_OUTPUT_BYTES_MAX = 16 * 1024 * 1024
"""How much it may say where its owner says nothing else."""

PROGRAMS_MAX = 4
"""How many may run at once where the owner says nothing else."""

PROGRAM_UNSENT_BYTES_MAX = 256 * 1024
"""When so much of what a program says waits for its peer, the program waits too."""

PROGRAM_DATAGRAM_BYTES_MAX = 32 * 1024
"""All a program may say where its answer is one datagram: 43 KiB as it is written there."""

CONTROL_PROOF_S_MAX = 10.0
"""Who has not asked control for anything by then is let go: to prove who one is takes a round
trip."""

CONTROL_REQUESTS_MAX = 100
"""Answers over datagrams that are kept for whoever has not got theirs and asks again."""

CONTROL_REFUSALS_PER_S_MAX = 20
"""So many refused strangers are reported one by one in a second; of more, their number. Who tries
keys at speed must not fill the disk that the log is on."""

GAME_PLAYERS_MAX = 1_000
"""Players of cachipún at once; of more, each is told so and let go."""

GAME_DATAGRAM_PEERS_MAX = 100
"""Players that come in datagrams, of whom the longest silent is let go for the next: their
addresses may be forged."""

GAME_WATCHERS_MAX = 100
"""Those who watch one match: each round is told to every one of them."""

GAME_INVITATIONS_MAX = 10
"""Invitations that one player may have open."""

GAME_ORDERS_PER_S_MAX = 10
"""Lines, and frames that are answered, that one player may send a second in the long run."""

GAME_ORDERS_BURST_S = 2.0
"""So many seconds' worth of them at once: a script that sets itself up."""

GAME_ANNOUNCED_PLAYERS_MAX = 100
"""When more are here, nobody is told unasked who waits and who plays; an answer names so many."""

GAME_ROUNDS_MAX = 1_000
"""Rounds of one match: two programs that always draw would never end."""

GAME_CHOOSE_S = 30.0
"""How long a choice may take where nobody says otherwise."""

GAME_LOSSES_MAX = 10
"""How often a player's line may break in one match; the next time it is given up at once."""

GAME_SCORE_ROWS_MAX = 100
"""Rows of the score table in one answer."""

GAME_SCORE_NAMES_MAX = 10_000
"""Names the score table keeps; of more, those that played longest ago are forgotten."""

GAME_SCORE_QUESTIONS_MAX = 1_000
"""Questions for the score table that may wait for the disk; of more, none is answered."""

AYUDANTIA_FRAME_BYTES_MAX = 64 * 1024
"""The course's frames carry a short JSON text; a longer one is a fault of who announces it."""
