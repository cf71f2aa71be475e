"""Who gets what: see `table.py` for the lines, `calls.py` for the letters.

People, in this order: nobody, teamless, member, other, approver, outside, auditor, admin, superuser.
"""

REQUESTS = """
GET   home                            >s
GET   search                          >s
GET   requests                        >s
GET   request-new                     >s
POST  request-new                     xvdvxvxxx  xvvvvvxxx
POST  request-preview                 >d
GET   request-options                 >s
POST  draft-keep                      >d
POST  draft-drop                      >d
GET   request                         >s         >-s-s-sss  >-----sss
GET   request-edit                    >s         >-x-x-xxx  >-----xxx
POST  request-edit                    xvdvxvxxx  x-x-x-xxx  x-----xxx
GET   request-progress                >s         >-s-s-sss  >-----sss
POST  request-decide                  >x         >-x-d-xxx  >-----xxx
POST  request-withdraw                >d         >-x-x-xxx  >-----xxx
POST  request-comment                 >d         >-d-d-ddd  >-----ddd
GET   queue                           >s
POST  queue-decide                    >v         >vvvdvvvv  >v
POST  queue-filter-save               >d
POST  queue-filter-remove             >d         >-         >-
GET   queue-row                       >-         >---s----  >-
POST  queue-row-decide                >-         >---d----  >-
GET   suggestions                     >s
"""
"""Asking, deciding, the queue and drafts."""

BREAK_GLASS = """
GET   break-glass                     >s
GET   request-break-glass             >xsxxxxxx  >-s-x-xxx  >-----xxx
POST  request-break-glass             >xdxxxxxx  >-d-x-xxx  >-----xxx
POST  request-second-look             >x         >-x-d-xxx  >-----xxx
"""
"""Opening at once, and the second look. Member and outside have the role: see `people.py`."""

GRANTS = """
GET   grants                          >s
GET   grants-csv                      >s
GET   grants-json                     >s
GET   grants-matrix                   >s
GET   grant                           >-s-s-sss  >-----sss
POST  grant-renew                     >-d-x-xxx  >-----xxx
POST  grant-revoke                    >-d-d-xdd  >-----xdd
POST  grant-resume                    >-x-x-xxx  >-x-d-xxx  >-----xxx
POST  grant-apply                     >-x-x-xdd  >-----xdd
GET   access-check                    >s
GET   access-history                  >s
GET   access-history-csv              >s
GET   access-history-ndjson           >s
"""
"""Grants, and what may pass."""

RECERTIFICATION = """
GET   recertification                 >s
POST  recertification                 >vdvvvvvv  >v
POST  grant-confirm                   >-d-x-xxx  >-----xxx
POST  grant-drop                      >-d-d-xdd  >-----xdd
"""
"""What owners are asked about, and their answers."""

TABLES = (REQUESTS, BREAK_GLASS, GRANTS, RECERTIFICATION)
