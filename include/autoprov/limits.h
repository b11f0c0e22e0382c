/* Every maximum that an outsider can reach, with unit, reason and source. */
#ifndef AUTOPROV_LIMITS_H
#define AUTOPROV_LIMITS_H

/* -- request gate ------------------------------------------------------------------------- */
/* Phones send heads of 150 to 700 bytes; nginx's first buffer is 1 KiB. */
#define AP_HEAD_MAX_BYTES         4096
#define AP_REQUEST_LINE_MAX_BYTES 2048
#define AP_HEAD_MAX_LINES         40
/* Absolute, from the first byte of the head: an idle timer that restarts would never end. */
#define AP_HEAD_DEADLINE_MS 5000
/* A wrong method's body is read and dropped, so that unread bytes don't turn into a reset. */
#define AP_DROPPED_BODY_MAX_BYTES   65536
#define AP_DROPPED_BODY_DEADLINE_MS 2000
/* Admin profile: largest JSON body; the route table may say less. */
#define AP_ADMIN_BODY_MAX_BYTES   1048576
#define AP_ADMIN_BODY_DEADLINE_MS 10000
/* Admin profile: largest answer; lists have pages, an export of 10,000 phones has 4 MiB. */
#define AP_ADMIN_ANSWER_MAX_BYTES 8388608

/* -- connections -------------------------------------------------------------------------- */
/* From accept to the first byte: a phone that has connected says ClientHello at once. */
#define AP_FIRST_BYTE_DEADLINE_MS 10000
/* From the first byte; an RSA phone of 2010 needs about 1 s. */
#define AP_HANDSHAKE_DEADLINE_MS 5000
#define AP_KEEPALIVE_IDLE_MS     15000
#define AP_ANSWER_DEADLINE_MS    30000
#define AP_CONNECTION_MAX_MS     300000
/* Every refusal leaves at arrival + 50 ms; more than any lookup takes, less than a phone minds. */
#define AP_MISS_DUE_MS   50
#define AP_STOP_GRACE_MS 10000
/* After the last answer: so long is read what the client still sends, so that no reset destroys
 * the answer on its way; AP_DROPPED_BODY_MAX_BYTES at most. */
#define AP_LINGER_MS 2000
/* A PROXY header of version 2 with its TLVs: 536 bytes are what every receiver should take
 * (proxy-protocol.txt, 2.2), the rest is for a client certificate's names in them. */
#define AP_PROXY_HEADER_MAX_BYTES 2048
/* Connections that are refused on a listener behind a proxy are told this often. */
#define AP_PROXY_LOG_MS 60000
/* Begun in one turn of a loop: a signature takes up to a millisecond, and those whose handshake or
 * request is in hand have their turn before more are begun. */
#define AP_HANDSHAKES_PER_TURN 8
/* When the first in the queue for handshake slots has been there for so long, the newest are taken
 * from then on: phones give up after a few seconds, and the newest still have time to be served. In
 * the order of arrival everybody would get a slot just before giving up. When for so long there was
 * never room for all, whoever comes is not even watched before its turn: most will leave. */
#define AP_HANDSHAKE_LATE_MS 1000
/* A phone that has connected says ClientHello within a round trip. */
#define AP_HELLO_MS 100
/* A source that left without its turn is remembered for so long: phones come back within seconds.
 */
#define AP_TURNED_AWAY_MS          30000
#define AP_TURNED_AWAY_SOURCES_MAX 65536
/* Waiting handshakes are tried again this often, as other workers free slots too. */
#define AP_SLOT_RETRY_MS 50
/* A key of session tickets seals for an hour and opens for two: whoever gets hold of it reads what
 * was said meanwhile at TLS 1.2. Phones that come back later make a full handshake. */
#define AP_TICKET_KEY_MS 3600000
/* Listeners rest this long when descriptors have run out. */
#define AP_ACCEPT_PAUSE_MS 100
/* Control socket: admins' tools and the PBX's scripts. */
#define AP_ADMIN_CONNECTIONS_MAX 128
/* Of them of one source, over the network: a browser has six, and a team may sit behind one
 * address. */
#define AP_ADMIN_SOURCE_CONNECTIONS_MAX 64

/* A fetch that waits for the writer is answered 503 after this. */
#define AP_CLAIM_WAIT_MS 5000

/* -- SIP ---------------------------------------------------------------------------------- */
/* Questions of phones have 500 to 900 bytes; challenges little more. */
#define AP_SIP_DATAGRAM_MAX_BYTES 4096
/* Phones that ask by multicast within 32 s: a building that comes back. */
#define AP_SIP_PNP_MAX 4096
/* What is kept of each: Vias, From, To, Call-ID, Event, Contact, 300 to 600 bytes. 10 MiB together,
 * touched as phones ask. */
#define AP_SIP_PNP_TEXT_MAX_BYTES 2048
/* Sources whose rate is remembered. */
#define AP_SIP_SOURCES_MAX 1024
/* A phone asks up to five times in as many seconds; one address may be a relay of several. */
#define AP_SIP_PER_SOURCE_PER_S 10
/* New questions of all sources together: forged ones cost a lookup each, some 20 us. A building's
 * phones come back within seconds, and those that find no room ask again. */
#define AP_SIP_QUESTIONS_PER_S   256
#define AP_SIP_QUESTIONS_AT_ONCE 1024
/* NOTIFYs under way, each about 1 KiB; a resync of more waits for its turn. */
#define AP_SIP_TRANSACTIONS_MAX 16384
/* Interfaces that are listened on: a socket and a membership each. */
#define AP_SIP_INTERFACES_MAX 16
/* Datagrams that are read before the control loop looks after others again: some 5 ms. */
#define AP_SIP_BATCH_MAX 64

/* -- PnP ---------------------------------------------------------------------------------- */
/* Phones that asked and wait for their row to be written, about once a second: 1 KiB each. */
#define AP_PNP_PENDING_MAX 1024
/* Phones in the list of those that asked; the oldest go. */
#define AP_PNP_ROWS_MAX 10000

/* -- resync ------------------------------------------------------------------------------- */
/* Phones that an order tells in a second: what a PBX of 10,000 phones stands when they come back.
 */
#define AP_RESYNC_RATE_MAX 500
/* Orders at once; a big one, of all or of stale phones, is one of them. Ended ones that are told.
 */
#define AP_RESYNC_ORDERS_MAX 64
#define AP_RESYNC_ENDED_MAX  16
/* MACs of one call of the API. */
#define AP_RESYNC_MACS_MAX 1000
/* Rows in one write: some 5 ms that others wait for. */
#define AP_RESYNC_BATCH_ROWS 128
/* What a program may take; orders wait beyond. Who does not take what is there for so long is not
 * there; who took it and says nothing has lost it: it is given once more. */
#define AP_RESYNC_QUEUE_MAX   256
#define AP_RESYNC_QUEUE_MS    600000
#define AP_RESYNC_TAKEN_MS    60000
#define AP_RESYNC_TAKE_MAX    64
#define AP_RESYNC_TAKE_WAIT_S 25
#define AP_RESYNC_TAKERS_MAX  8 /* that wait at once */
/* A stale phone is told by the daemon itself once in so long: what does not help then does not help
 * at once either. It looks for them so often. */
#define AP_RESYNC_AGAIN_S 21600
#define AP_RESYNC_LOOK_MS 300000
/* Stale phones that one step of a look may find. */
#define AP_RESYNC_FOUND_MAX 1024

/* -- flat mode ---------------------------------------------------------------------------- */
/* Unknown MACs that are remembered for an hour. */
#define AP_FLAT_BUDGET_MAX 4096
#define AP_FLAT_PAUSE_MS   900000
/* Phones of one address within a day that are no alarm. */
#define AP_FLAT_CROWD 32
/* -- throttle ----------------------------------------------------------------------------- */
/* What a guess costs, and from where on a source is penalised: a phone that was not entered asks
 * for six names, three times each, so three of them at once leave their source alone; a scanner is
 * there in a moment, and out again ten minutes after its last guess. */
#define AP_PENALTY_GUESS_MS  1000
#define AP_PENALTY_ACTIVE_MS 60000
#define AP_PENALTY_MAX_MS    600000
/* IPv4 sources, and as many IPv6 ones: 3 MiB together. */
#define AP_PENALTY_SOURCES_MAX 65536
/* When a penalised source gets its misses: a multiple of AP_MISS_DUE_MS. With so many held at a
 * time a source makes four guesses a second. */
#define AP_MISS_LATE_MS               2000
#define AP_HELD_MISSES_PER_SOURCE_MAX 8
#define AP_HELD_MISSES_MAX            1024

/* -- HTTP credentials of phones ------------------------------------------------------------ */
/* A Digest of RFC 7616 with all its members and the longest target that phones have is 700. */
#define AP_AUTHORIZATION_MAX_BYTES 1024
/* A phone answers a challenge at once, and uses the nonce for its next files. */
#define AP_NONCE_MS 60000
/* 1.5 MiB: a thousand phones a second, each with a nonce of its own. */
#define AP_USED_NONCES_MAX 65536
/* Gigaset says its factory's credentials first, then perhaps old ones: two wrong tries of a phone
 * are no guesses. They are forgotten after ten minutes. 1.5 MiB. */
#define AP_WRONG_TRIES_FREE 2
#define AP_WRONG_TRIES_MAX  65536
#define AP_WRONG_TRY_MS     600000

/* -- libmicrohttpd ------------------------------------------------------------------------ */
/* Pairs per worker: each is lent for one answer, tens of microseconds. */
#define AP_HTTP_PAIRS_MAX 64

/* -- answers and rendering ---------------------------------------------------------------- */
/* Vendors' largest documented cap is Panasonic's 120 KB; ours leaves room for directories. */
#define AP_BODY_MAX_BYTES 262144
/* Of a delivered file whose lines are kept as digests: 8,000 bytes in its row, where schema 9 has
 * its ceiling. */
#define AP_BODY_LINES_MAX          2000
#define AP_REQUEST_ARENA_MAX_BYTES 1048576
#define AP_TEMPLATE_MAX_BYTES      262144
/* In the database; each is read with every reload. The shipped ones are 50. */
#define AP_TEMPLATES_STORED_MAX 200
#define AP_TEMPLATE_MAX_DEPTH   32
/* Program steps of one render: 512 lines of a phone times 100 tags leaves a factor of 20. */
#define AP_TEMPLATE_MAX_STEPS 1000000

/* A provisioning URL in a vendor's form; Panasonic's fields, the longest documented, hold 384. */
#define AP_URL_MAX_BYTES 1024

/* -- names and values --------------------------------------------------------------------- */
#define AP_NAME_MAX_BYTES       64  /* user names, account users, vendors, models */
#define AP_TEXT_MAX_BYTES       128 /* display names, labels */
#define AP_HOST_MAX_BYTES       253 /* RFC 1035, 2.3.4 */
#define AP_PASSWORD_MAX_BYTES   128 /* SIP passwords */
#define AP_SETTING_MAX_BYTES    4096
#define AP_LINES_PER_PHONE_MAX  64
#define AP_KEYS_PER_PHONE_MAX   512
#define AP_USER_AGENT_MAX_BYTES 128 /* as recorded; longer ones are cut */

/* -- files -------------------------------------------------------------------------------- */
#define AP_CONFIG_FILE_MAX_BYTES 1048576
/* Sections and networks of one configuration: far above any use, low enough for plain searches. */
#define AP_CONFIG_LISTENERS_MAX     64
#define AP_CONFIG_CERTIFICATES_MAX  8 /* of one listener: two key types for a few names */
#define AP_CONFIG_NETWORKS_MAX      256
#define AP_CONFIG_HOSTS_MAX         32  /* names of one listener */
#define AP_CONFIG_CA_FILES_MAX      32  /* of one listener: a bit for each is kept per connection */
#define AP_CONFIG_DROPINS_MAX       256 /* files in conf.d */
#define AP_CUSTOM_OPTIONS_MAX_BYTES 16384
#define AP_SECRET_FILE_MAX_BYTES    4096

/* -- catalogue ---------------------------------------------------------------------------- */
/* The shipped vendor files have 3 to 40 KiB; a table of all time zones adds 30. */
#define AP_CATALOGUE_FILE_MAX_BYTES 262144
/* What all files together become in memory: a bound for sums, far above what they can reach. */
#define AP_CATALOGUE_MAX_BYTES    268435456
#define AP_CATALOGUE_VENDORS_MAX  128  /* five times the vendors that peers know */
#define AP_CATALOGUE_MODELS_MAX   1024 /* of one vendor; Grandstream has about 120 */
#define AP_CATALOGUE_FILES_MAX    128  /* rows of one vendor; Poly has about 30 */
#define AP_CATALOGUE_OUIS_MAX     2048 /* of one vendor; Cisco has about 1300 (IEEE registry) */
#define AP_CATALOGUE_CODES_MAX    1024 /* of one table; IANA has about 490 names of zones */
#define AP_CATALOGUE_RESERVED_MAX 32
/* Names with {model} and {code} written out, of all vendors. */
#define AP_CATALOGUE_RULES_MAX         65536
#define AP_CATALOGUE_CODE_MAX_BYTES    128 /* one word of a vendor */
#define AP_CATALOGUE_PATTERN_MAX_BYTES 96  /* the longest known name has 40; STORE_FILE_MAX */
/* A pattern, a MAC with separators and one {any}. */
#define AP_CATALOGUE_NAME_MAX_BYTES 256
/* User-Agents as far as MACs are looked for in them; the longest known have 110. */
#define AP_CATALOGUE_AGENT_MAX_BYTES 512
#define AP_TIME_ZONES_MAX            1024 /* tzdata 2025b has 600 names with all links */

/* -- sessions ----------------------------------------------------------------------------- */
/* Of browsers. Idle: a screen that was left is not somebody else's; a working day; who follows an
 * invitation has a phone to enter (OWASP, Session Management Cheat Sheet). */
#define AP_SESSION_IDLE_S   1800
#define AP_SESSION_ADMIN_S  43200
#define AP_SESSION_USER_S   3600
#define AP_SESSION_TOUCH_S  60 /* when it was used last is written so often at most */
#define AP_SESSIONS_TOUCHED 64 /* that are remembered for this */
/* Of one admin or user; the oldest end. */
#define AP_SESSIONS_OF_ONE_MAX 32
/* The first admin's token: from one window to the next, on the same machine. */
#define AP_SETUP_TOKEN_S 3600
/* A mail that is read after the weekend; an hour for somebody at the same table. */
#define AP_INVITATION_S          604800
#define AP_INVITATION_MIN_S      60
#define AP_INVITATION_PHONES_MAX 10
/* Passwords of admins: NIST SP 800-63B, 5.1.1.2 asks for 8 at least and 64 to be possible. */
#define AP_ADMIN_PASSWORD_MIN_BYTES 12
#define AP_ADMIN_PASSWORD_MAX_BYTES 256
/* Argon2id (OWASP, Password Storage Cheat Sheet): memory of one, passes, lanes; two at a time take
 * 38 MiB and some 30 ms each; whoever comes beyond the queue comes again. */
#define AP_ARGON2_KIB        19456
#define AP_ARGON2_PASSES     2
#define AP_ARGON2_LANES      1
#define AP_ARGON2_RUN_MAX    2
#define AP_ARGON2_QUEUE_MAX  16
#define AP_ARGON2_SOURCE_MAX 8 /* of them of one source */
/* Wrong passwords, of one account and from one source: so many are free, then one waits 2 s, 4 s, …
 * up to the most; a quarter of an hour later all are forgotten. */
#define AP_SIGN_IN_FREE   5
#define AP_SIGN_IN_WAIT_S 900
#define AP_SIGN_IN_KEEP_S 1800
/* Accounts and sources that are remembered: 128 KiB each. */
#define AP_SIGN_IN_ROWS_MAX 2048

/* -- store -------------------------------------------------------------------------------- */
#define AP_WRITER_QUEUE_MAX 1024 /* acknowledged writes that wait */
#define AP_WRITER_BATCH_MAX 256  /* writes in one commit */
#define AP_RECORD_QUEUE_MAX 8192 /* droppable fetch and refusal records */
#define AP_RECORD_DELAY_MS  1000 /* a record is at most this late */
#define AP_LIST_PAGE_MAX    1000 /* rows in one page of a list */
#define AP_AUTH_PAIRS_MAX   32   /* phones of one user with one HTTP user name: a hash for each */
/* Beyond, the WAL is moved into the main file, since every read looks through it. It grows further
 * only while one read lasts that began before: a backup, or a job. */
#define AP_WAL_MAX_BYTES 4194304

/* -- import ------------------------------------------------------------------------------- */
/* All columns at their maxima are 2.2 KiB; quotes may double it. */
#define AP_IMPORT_LINE_MAX_BYTES 8192
/* A million rows of 250 bytes. */
#define AP_IMPORT_MAX_BYTES 268435456
/* Rows, by the memory that each takes while the import runs (some 200 bytes). */
#define AP_IMPORT_ROWS_MAX 2000000
/* Rows that are there and change: applied in one transaction, which others wait for. */
#define AP_IMPORT_CHANGES_MAX 20000
/* Rows of the text that become one write: some 100 ms that others wait for. */
#define AP_IMPORT_BATCH_ROWS 1024
/* New tokens that are put in order at once: 10 MiB. */
#define AP_IMPORT_TOKENS_MAX 65536
/* An import that nobody asks for any more. */
#define AP_IMPORT_IDLE_MS 60000
/* Reasons that one page of problems holds. */
#define AP_IMPORT_PROBLEM_MAX_BYTES 1024
/* What it adds and changes is listed as far as somebody may want to read; the rest is counted. Of
 * long texts, 32 MiB are fewer. */
#define AP_IMPORT_LISTED_MAX     100000
#define AP_IMPORT_LIST_MAX_BYTES 33554432
/* Of one text in the list: the longest is the address of an account. */
#define AP_IMPORT_LISTED_TEXT_MAX_BYTES 320
/* Of a page of the list: as JSON it may be some times as long, and is an answer yet. */
#define AP_IMPORT_PAGE_MAX_BYTES 1048576

#endif
