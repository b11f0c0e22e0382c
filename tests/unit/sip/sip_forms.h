/* What phones send, in the forms that were seen: names and addresses are ours. */
#ifndef AUTOPROV_TESTS_SIP_FORMS_H
#define AUTOPROV_TESTS_SIP_FORMS_H

/* A Via without a branch, port 1053, no Max-Forwards. */
#define FORM_SNOM                                                                                  \
    "SUBSCRIBE sip:MAC%3a000413A1B2C3@224.0.1.75 SIP/2.0\r\n"                                      \
    "Via: SIP/2.0/UDP 192.0.2.17:1053;rport\r\n"                                                   \
    "From: <sip:MAC%3a000413A1B2C3@224.0.1.75>;tag=1144022218\r\n"                                 \
    "To: <sip:MAC%3a000413A1B2C3@224.0.1.75>\r\n"                                                  \
    "Call-ID: 1144022218@192.0.2.17\r\n"                                                           \
    "CSeq: 1 SUBSCRIBE\r\n"                                                                        \
    "Event: ua-profile;profile-type=\"device\";vendor=\"snom\";model=\"snom370\";"                 \
    "version=\"8.7.5.48\"\r\n"                                                                     \
    "Expires: 0\r\n"                                                                               \
    "Accept: application/url\r\n"                                                                  \
    "Contact: <sip:192.0.2.17:1053>\r\n"                                                           \
    "User-Agent: snom370/8.7.5.48\r\n"                                                             \
    "Content-Length: 0\r\n\r\n"

/* No separator behind MAC; port 5059; no rport. */
#define FORM_YEALINK_OLD                                                                           \
    "SUBSCRIBE sip:MAC001565aabb0c@224.0.1.75 SIP/2.0\r\n"                                         \
    "Via: SIP/2.0/UDP 192.0.2.18:5059;branch=z9hG4bK1894250021\r\n"                                \
    "From: <sip:MAC001565aabb0c@224.0.1.75>;tag=1894250021\r\n"                                    \
    "To: <sip:MAC001565aabb0c@224.0.1.75>\r\n"                                                     \
    "Call-ID: 1894250021@192.0.2.18\r\n"                                                           \
    "CSeq: 1 SUBSCRIBE\r\n"                                                                        \
    "Contact: <sip:MAC001565aabb0c@192.0.2.18:5059>\r\n"                                           \
    "Max-Forwards: 70\r\n"                                                                         \
    "User-Agent: Yealink W52P 25.81.0.10\r\n"                                                      \
    "Expires: 0\r\n"                                                                               \
    "Event: ua-profile;profile-type=\"device\";vendor=\"yealink\";model=\"W52P\";"                 \
    "version=\"25.81.0.10\"\r\n"                                                                   \
    "Accept: application/url\r\n"                                                                  \
    "Content-Length: 0\r\n\r\n"

/* The MAC in the User-Agent too. */
#define FORM_YEALINK_NEW                                                                           \
    "SUBSCRIBE sip:MAC%3a805e0c112233@224.0.1.75 SIP/2.0\r\n"                                      \
    "Via: SIP/2.0/UDP 192.0.2.19:5059;branch=z9hG4bK2910\r\n"                                      \
    "From: \"\" <sip:MAC%3a805e0c112233@224.0.1.75>;tag=2910\r\n"                                  \
    "To: \"\" <sip:MAC%3a805e0c112233@224.0.1.75>\r\n"                                             \
    "Call-ID: 0_2910@192.0.2.19\r\n"                                                               \
    "CSeq: 1 SUBSCRIBE\r\n"                                                                        \
    "Contact: <sip:MAC%3a805e0c112233@192.0.2.19:5059>\r\n"                                        \
    "Max-Forwards: 70\r\n"                                                                         \
    "User-Agent: Yealink SIP-T53W 96.86.0.70 80:5e:0c:11:22:33\r\n"                                \
    "Expires: 0\r\n"                                                                               \
    "Event: ua-profile;profile-type=\"device\";vendor=\"Yealink\";model=\"T53W\";"                 \
    "version=\"96.86.0.70\"\r\n"                                                                   \
    "Accept: application/url\r\n"                                                                  \
    "Content-Length: 0\r\n\r\n"

/* A capital A, port 5080, CSeq from 20000. */
#define FORM_GRANDSTREAM                                                                           \
    "SUBSCRIBE sip:MAC%3AC074AD112233@224.0.1.75 SIP/2.0\r\n"                                      \
    "Via: SIP/2.0/UDP 192.0.2.20:5080;branch=z9hG4bK57264710;rport\r\n"                            \
    "From: <sip:MAC%3AC074AD112233@224.0.1.75>;tag=1420317405\r\n"                                 \
    "To: <sip:MAC%3AC074AD112233@224.0.1.75>\r\n"                                                  \
    "Call-ID: 1936480011-5080-1@BJC.BGI.C.CA\r\n"                                                  \
    "CSeq: 20000 SUBSCRIBE\r\n"                                                                    \
    "Contact: <sip:MAC%3AC074AD112233@192.0.2.20:5080>\r\n"                                        \
    "Max-Forwards: 70\r\n"                                                                         \
    "User-Agent: Grandstream GRP2612W 1.0.5.67\r\n"                                                \
    "Expires: 0\r\n"                                                                               \
    "Supported: replaces, path, timer, eventlist\r\n"                                              \
    "Event: ua-profile;profile-type=\"device\";vendor=\"Grandstream\";model=\"GRP2612W\";"         \
    "version=\"1.0.5.67\"\r\n"                                                                     \
    "Accept: application/url\r\n"                                                                  \
    "Allow: INVITE, ACK, OPTIONS, CANCEL, BYE, SUBSCRIBE, NOTIFY, INFO, REFER, UPDATE, "           \
    "MESSAGE\r\n"                                                                                  \
    "Content-Length: 0\r\n\r\n"

/* MAC= and no tag. */
#define FORM_PLANET                                                                                \
    "SUBSCRIBE sip:MAC=a8f7e0445566@224.0.1.75 SIP/2.0\r\n"                                        \
    "Via: SIP/2.0/UDP 192.0.2.21:5060;branch=z9hG4bK-pnp\r\n"                                      \
    "From: <sip:MAC=a8f7e0445566@224.0.1.75>\r\n"                                                  \
    "To: <sip:MAC=a8f7e0445566@224.0.1.75>\r\n"                                                    \
    "Call-ID: pnp-77@192.0.2.21\r\n"                                                               \
    "CSeq: 1 SUBSCRIBE\r\n"                                                                        \
    "Contact: <sip:192.0.2.21:5060>\r\n"                                                           \
    "Event: ua-profile;profile-type=device;vendor=VOIP;model=VIP-1120PT;version=2.3\r\n"           \
    "Expires: 0\r\n"                                                                               \
    "Content-Length: 0\r\n\r\n"

/* No MAC but in the User-Agent. */
#define FORM_AUDIOCODES                                                                            \
    "SUBSCRIBE sip:224.0.1.75 SIP/2.0\r\n"                                                         \
    "Via: SIP/2.0/UDP 192.0.2.22:5060;branch=z9hG4bK-a1;rport\r\n"                                 \
    "From: <sip:390112345678@192.0.2.22>;tag=a1\r\n"                                               \
    "To: <sip:224.0.1.75>\r\n"                                                                     \
    "Call-ID: a1@192.0.2.22\r\n"                                                                   \
    "CSeq: 1 SUBSCRIBE\r\n"                                                                        \
    "Contact: <sip:390112345678@192.0.2.22:5060>\r\n"                                              \
    "Max-Forwards: 70\r\n"                                                                         \
    "User-Agent: AUDC-IPPhone/2.2.2.77 (430HD-Rev2; 00908F123456)\r\n"                             \
    "Expires: 0\r\n"                                                                               \
    "Event: ua-profile;profile-type=\"application\";vendor=\"AudioCodes\";model=\"430HD\"\r\n"     \
    "Accept: application/url\r\n"                                                                  \
    "Content-Length: 0\r\n\r\n"

/* Line feeds alone, compact names, its own spelling. */
#define FORM_PANASONIC                                                                             \
    "SUBSCRIBE sip:MAC%3a0080F0778899@224.0.1.75 SIP/2.0\n"                                        \
    "v: SIP/2.0/UDP 192.0.2.23:5060;branch=z9hG4bKpana\n"                                          \
    "f: <sip:MAC%3a0080F0778899@224.0.1.75>;tag=p1\n"                                              \
    "t: <sip:MAC%3a0080F0778899@224.0.1.75>\n"                                                     \
    "i: p1@192.0.2.23\n"                                                                           \
    "CSeq: 1 SUBSCRIBE\n"                                                                          \
    "m: <sip:192.0.2.23>\n"                                                                        \
    "o: ua-profile;profile-type=\"device\";vender=\"Panasonic\";model=\"KX-HDV130\"\n"             \
    "Expires: 0\n"                                                                                 \
    "l: 0\n\n"

/* Names that say nothing, and an unescaped colon. */
#define FORM_OEM                                                                                   \
    "SUBSCRIBE sip:MAC:001A2B445566@224.0.1.75 SIP/2.0\r\n"                                        \
    "Via: SIP/2.0/UDP 192.0.2.24:1024;rport\r\n"                                                   \
    "From: <sip:MAC:001A2B445566@224.0.1.75>;tag=9\r\n"                                            \
    "To: <sip:MAC:001A2B445566@224.0.1.75>\r\n"                                                    \
    "Call-ID: 9@192.0.2.24\r\n"                                                                    \
    "CSeq: 1 SUBSCRIBE\r\n"                                                                        \
    "Event: ua-profile;profile-type=\"device\";vendor=\"OEM\";model=\"OEM\";version=\"1\"\r\n"     \
    "Expires: 0\r\n"                                                                               \
    "Contact: <sip:192.0.2.24:1024>\r\n"                                                           \
    "Content-Length: 0\r\n\r\n"

#endif
