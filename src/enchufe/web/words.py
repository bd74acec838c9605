"""The page's own words, in the language of the source; the catalogue has the others.

What stands in braces is filled in by the page.
"""

from msgspec import Struct

from enchufe.core.errors import N_


class PageWords(Struct, frozen=True):
    """What the page says in all its places."""

    plaza: str = N_("Plaza")
    cachipun: str = N_("Cachipún")
    wire: str = N_("Wire")
    send: str = N_("Send")
    places: str = N_("places")
    light_or_dark: str = N_("light or dark")
    listening: str = N_("what listens now, and how to reach it")
    copy_it: str = N_("copy: {text}")
    close: str = N_("close")
    browser: str = N_("browser")
    open_a_terminal: str = N_("Open a terminal and type")

    you_are: str = N_("You are")
    say: str = N_("Say")
    say_something: str = N_("Say something, or drop a picture")
    attach: str = N_("send files")
    room_log: str = N_("what is said in the room")
    nobody_here: str = N_("Nobody else is here yet. This is the room: whoever comes, hears you.")
    room_lost: str = N_(
        "The connection is lost. What you write waits, and is said once it is back."
    )
    room_refused: str = N_("This page may not come in: {why}")
    to_alone: str = N_("to {name} alone")
    to_you_alone: str = N_("to you alone")
    file_refused: str = N_("Not taken: {why}")
    file_too_large: str = N_("Not taken: the room takes files of up to {size}")
    no_picture: str = N_("This is no picture, whatever it is called")
    get_file: str = N_("Get it")
    save_file: str = N_("Save it")

    rock: str = N_("rock")
    paper: str = N_("paper")
    scissors: str = N_("scissors")
    three_hands: str = N_("your hand")
    game_news: str = N_("what happens in the game")
    no_opponent: str = N_("Rock, paper, scissors, with whoever comes: from a second window, too.")
    game_lost: str = N_("The connection is lost; your seat is kept for half a minute")
    best_of: str = N_("best of")
    play_whoever: str = N_("Play whoever comes")
    play_house: str = N_("Play the house")
    play_with: str = N_("play {name}")
    watch: str = N_("watch {first} and {second}")
    accept: str = N_("Play")
    rematch: str = N_("Again")
    you: str = N_("You")
    choose_now: str = N_("Round {round}: choose")
    hurry: str = N_("{seconds} s left")
    you_have_chosen: str = N_("You have chosen")
    has_chosen: str = N_("{name} has chosen")
    round_now: str = N_("Round {round}")
    match_begins: str = N_("The match begins")
    you_win: str = N_("You win")
    you_lose: str = N_("You lose")
    draw: str = N_("A draw")
    waiting_for_you: str = N_("Waiting for somebody")
    nobody_came: str = N_("Nobody has come yet. The house would play.")
    not_fair: str = N_("What was revealed does not fit what was promised. Do not trust this game.")
    score_name: str = N_("name")
    score_won: str = N_("won")
    score_lost: str = N_("lost")

    here: str = N_("here")
    what_is_shown: str = N_("what is shown")
    nothing_yet: str = N_("Nothing passes. From now on you see every byte that does.")
    wire_rows: str = N_("what passes")
    wire_tools: str = N_("what is shown, and what is kept")
    time: str = N_("time, s")
    gap: str = N_("gap")
    event: str = N_("event")
    size: str = N_("size")
    what: str = N_("what")
    search: str = N_("Search  /")
    all_services: str = N_("all services")
    all_peers: str = N_("all peers")
    pause: str = N_("Pause")
    go_on: str = N_("Go on")
    clear: str = N_("Clear")
    save_lines: str = N_("JSON Lines")
    save_pcapng: str = N_("pcapng")
    events_shown: str = N_("{shown} of {all} events")
    waiting: str = N_("{count} wait")
    dropped: str = N_("the oldest {count} are forgotten")
    new_events: str = N_("{count} new ↓")
    group_coming: str = N_("connections")
    group_bytes: str = N_("bytes")
    group_messages: str = N_("messages")
    group_trouble: str = N_("trouble")
    group_other: str = N_("the rest")
    came_and_meant: str = N_("{bytes} bytes came in {reads} reads and meant {messages} messages.")
    sent_as: str = N_("{bytes} bytes were written in {reads} pieces.")
    as_it_came: str = N_("as it came")
    as_it_was_understood: str = N_("as it was understood")
    as_it_was_written: str = N_("as it was written")
    as_it_was_meant: str = N_("as it was meant")
    unfinished: str = N_("not finished")
    more_bytes: str = N_("and {count} bytes more")

    to_endpoint: str = N_("to")
    what_to_send: str = N_("what")
    written_as: str = N_("written as")
    as_text: str = N_("text")
    as_hex: str = N_("hexadecimal")
    end_of_line: str = N_("end of line")
    none: str = N_("none")
    half_close: str = N_("Half-close")
    hang_up: str = N_("Hang up")
    answers: str = N_("what was sent and what came")
    sent: str = N_("sent")
    came: str = N_("came")
    not_hex: str = N_("Hexadecimal is pairs of digits: 68 6f 6c 61")
    call_opened: str = N_("Talking with {address} over {transport}")
    call_over: str = N_("It is over.")
    they_finished: str = N_("They send no more (half-close).")


EVENTS = {
    "PeerOpened": N_("came"),
    "BytesReceived": N_("read"),
    "BytesSent": N_("written"),
    "MessageReceived": N_("understood"),
    "FrameReceived": N_("frame"),
    "PeerFramed": N_("speaks frames"),
    "Send": N_("says"),
    "SendFrame": N_("says a frame"),
    "Spread": N_("says to all"),
    "SpreadFrame": N_("says a frame to all"),
    "SpeakFrames": N_("answers in frames"),
    "PeerFinished": N_("half-closed"),
    "PeerClosed": N_("left"),
    "Finish": N_("half-closes"),
    "Close": N_("closes"),
    "PeerBehind": N_("does not read"),
    "PeerRefused": N_("refused"),
    "DatagramCut": N_("datagram cut"),
    "LoopAvoided": N_("not answered: a loop"),
    "AnswerLost": N_("answer lost"),
    "TlsFailed": N_("TLS failed"),
    "NoticesLeftOut": N_("{count} more troubles"),
    "DescriptorsExhausted": N_("no sockets left"),
    "leftOut": N_("{count} events left out: too many at once"),
    "TimerFired": N_("timer"),
    "SetTimer": N_("sets a timer"),
    "CancelTimer": N_("stops a timer"),
    "Show": N_("shows"),
    "Tell": N_("tells"),
    "Remember": N_("remembers"),
    "Remembered": N_("remembered"),
}
"""What happened, by the type of the fact."""

REASONS = {
    "finished": N_("both had said all"),
    "reset": N_("broken off"),
    "away": N_("closed or reloaded its page"),
    "refused": N_("nobody listens there"),
    "unfinished": N_("left within a message"),
    "protocol": N_("broke the rules"),
    "slow": N_("did not read"),
    "too_much": N_("held too much"),
    "silent": N_("silent too long"),
    "ours": N_("closed by us"),
    "stopping": N_("the server stops"),
    "failed": N_("the network failed"),
    "not_allowed": N_("not allowed"),
    "denied": N_("denied"),
    "full": N_("full"),
    "address_full": N_("too many from its address"),
    "too_fast": N_("too fast"),
    "descriptors": N_("no sockets left"),
}
"""Why a conversation is over, or why somebody was not let in; blanks are underscores."""
