"""Who gets what from the API: see `table.py` for the lines, `calls.py` for the letters.

People, in this order: nobody, teamless, member, other, approver, outside, auditor, admin,
superuser, robot. After the address: scopes of which a token needs one; last: the answer to a token
that is bound to another namespace.
"""

REQUESTS = """
GET    /requests/                                   read                 >s         >s
POST   /requests/                                   request              >vdvxvxxxd >vvvvvxxxv >v
POST   /requests/bulk/                              request              >vdvxvxxxd >vvvvvxxxv >v
POST   /requests/decide/                            decide               >x         >-x-d-xxxx >-----xxxx >--------x
POST   /requests/preview/                           read|request         >d         >d
GET    /requests/<pk>/                              read                 >s         >-s-s-ssss >-----sss- >-
PUT    /requests/<pk>/                              request              >vdvxvxxxd >-x-x-xxxx >-----xxx- >-
POST   /requests/<pk>/approve/                      decide               >x         >-x-d-xxxx >-----xxxx >--------x
POST   /requests/<pk>/deny/                         decide               >x         >-x-d-xxxx >-----xxxx >--------x
POST   /requests/<pk>/withdraw/                     request              >d         >-x-x-xxxx >-----xxx- >-
GET    /requests/<pk>/comments/                     read                 >s         >-s-s-ssss >-----sss- >-
POST   /requests/<pk>/comments/                     request|decide       >d         >-d-d-dddd >-----ddd- >-
GET    /requests/<pk>/stages/                       read                 >s         >-s-s-ssss >-----sss- >-
"""

BREAK_GLASS = """
GET    /break-glass/                                read                 >s         >s
POST   /requests/<pk>/break-glass/                  decide               >xdxxxxxxx >-d-x-xxxx >-----xxxx >--------x
POST   /requests/<pk>/second-look/                  decide               >x         >-x-d-xxxx >-----xxxx >--------x
"""

GRANTS = """
GET    /grants/                                     read                 >s         >s
GET    /grants/<pk>/                                read                 >-s-s-ssss >-----sss- >-
POST   /grants/<pk>/revoke/                         request|decide|admin >-d-d-xddd >-----xdd- >-
POST   /grants/<pk>/resume/                         decide               >-x-x-xxxx >-x-d-xxxx >-----xxxx >--------x
POST   /grants/<pk>/renew/                          request              >-d-x-xxxd >-----xxx- >-
GET    /access-check/                               read                 >-s-s-ssss >-----sss- >-
GET    /access-history/                             read                 >s         >s
"""

RECERTIFICATION = """
GET    /recertification/                            read                 >s         >s
POST   /recertification/answers/                    request              >-d-x-xxxx >-----xxx- >-
POST   /grants/<pk>/confirm/                        request              >-d-x-xxxx >-----xxx- >-
POST   /grants/<pk>/drop/                           request|decide|admin >-d-d-xddx >-----xdd- >-
"""

PLACES = """
GET    /clusters/                                   read                 >s         >s
GET    /clusters/<name>/                            read                 >-ssssssss >-----sss- >---ss----
GET    /clusters/<name>/posture/                    read                 >-ssssssss >-----sss- >---ss----
GET    /clusters/<name>/brake/                      read                 >-xxxxsssx >-----sss- >---xx----
POST   /clusters/<name>/brake/release/              admin                >-xxxxxccx >-----xccx >---xx---x
GET    /clusters/<name>/foreign/                    read                 >-ssssssss >-----sss- >---ss----
POST   /clusters/<name>/foreign/adopt/              request              >-u-x-xuuu >-----xuu- >-
GET    /clusters/<name>/settings/                   read                 >-xxxxxssx >-----xss- >---xx----
PUT    /clusters/<name>/settings/                   admin                >-xxxxxddx >-----xddx >---xx---x
GET    /namespaces/                                 read                 >s         >s
GET    /namespaces/<cluster>/<name>/owner/          read                 >-s-s-ssss >-----sss- >-
PUT    /namespaces/<cluster>/<name>/owner/          admin                >-x-x-xddx >-----xddx >--------x
GET    /namespaces/<cluster>/<name>/default-deny/   read                 >-u-u-uuuu >-----uuu- >-
PUT    /namespaces/<cluster>/<name>/default-deny/   admin                >-u-x-xuux >-----xuux >--------x
GET    /namespaces/<cluster>/<name>/network-policy/ read                 >-u-u-uuuu >-----uuu- >-
PUT    /namespaces/<cluster>/<name>/network-policy/ admin                >-u-x-xuux >-----xuux >--------x
GET    /service-accounts/                           read                 >s         >s
GET    /catalogue/                                  read                 >s         >s
GET    /deliveries/                                 read                 >s         >s
GET    /audit-events/                               read                 >s         >s
"""

PEOPLE = """
GET    /me/                                         read                 >s         >s
GET    /tokens/                                     read                 >s         >s
POST   /tokens/                                     admin                >ddddddddx >x
DELETE /tokens/<pk>/                                admin                >ddddddddx >--------x >--------x >--------x
GET    /robots/                                     read                 >s         >s
POST   /robots/                                     admin                >xdxxxxddx >xxxxxxddx >x
DELETE /robots/<pk>/                                admin                >-d---xddx >-----xddx >-x------x
GET    /robots/<pk>/                                read                 >-s---ssss >-----sss- >-s------s
GET    /robots/<pk>/tokens/                         read                 >-s---ssss >-----sss- >-s------s
POST   /robots/<pk>/tokens/                         admin                >-d---xddx >-----xddx >-x------x
DELETE /robots/<pk>/tokens/<token>/                 admin                >-d----ddx >------ddx >--------x
GET    /delegations/                                read                 >s         >s
POST   /delegations/                                admin                >vvvddvvvx >x
DELETE /delegations/<pk>/                           admin                >ddddddddx >------ddx >x
"""

TOLD = """
GET    /webhooks/                                   read                 >xxxxxxssx >x
POST   /webhooks/                                   admin                >xxxxxxddx >x
DELETE /webhooks/<pk>/                              admin                >xxxxxxddx >x
GET    /webhooks/<pk>/                              read                 >xxxxxxssx >x
PUT    /webhooks/<pk>/                              admin                >xxxxxxddx >x
POST   /webhooks/<pk>/secret/                       admin                >xxxxxxddx >x
POST   /webhooks/<pk>/test/                         admin                >xxxxxxddx >x
GET    /webhooks/<pk>/messages/                     read                 >xxxxxxssx >x
POST   /webhooks/<pk>/messages/<message>/again/     admin                >xxxxxxddx >x
"""

RULES = """
GET    /rule-books/                                 read                 >xxxxxsssx >x
POST   /rule-books/                                 admin                >xxxxxxddx >x
GET    /rule-books/<pk>/                            read                 >xxxxxsssx >x
PUT    /rule-books/<pk>/                            admin                >x         >x
POST   /rule-books/<pk>/propose/                    admin                >xxxxxxddx >x
POST   /rule-books/<pk>/put-in-force/               admin                >xxxxxxccx >x
POST   /rule-books/<pk>/reject/                     admin                >xxxxxxddx >x
GET    /rule-books/<pk>/replay/                     read                 >xxxxxsssx >x
"""

TABLES = (REQUESTS, BREAK_GLASS, GRANTS, RECERTIFICATION, PLACES, PEOPLE, TOLD, RULES)
