"""Who gets what: see `table.py` for the lines, `calls.py` for the letters.

People, in this order: nobody, teamless, member, other, approver, outside, auditor, admin, superuser.
"""

CLUSTERS = """
GET   clusters                        >s
GET   cluster                         >-sssssss  >-----sss
POST  cluster-drift-policy            >-xxxxxdd  >-----xdd
GET   cluster-brake                   >-xxxxxss  >-----xss
POST  cluster-brake                   >-xxxxxcc  >-----xcc
GET   cluster-foreign                 >-sssssss  >-----sss
GET   cluster-foreign-adopt           >-s-x-xss  >-----xss
POST  cluster-foreign-adopt           >-u-x-xuu  >-----xuu
POST  cluster-settings                >-xxxxxdd  >-----xdd
POST  cluster-posture-look            >-xxxxxdd  >-----xdd
POST  cluster-posture-attest          >-xxxxxvv  >-----xvv
POST  cluster-posture-withdraw        >-xxxxxdd  >-----xdd
GET   namespace                       >-s-s-sss  >-----sss
GET   namespace-default-deny          >-u-x-xuu  >-----xuu
POST  namespace-default-deny          >-u-x-xuu  >-----xuu
GET   namespace-network-policy        >-u-x-xuu  >-----xuu
POST  namespace-network-policy        >-u-x-xuu  >-----xuu
POST  namespace-owner                 >-x-x-xdd  >-----xdd
POST  namespace-enforcement           >-x-x-xcc  >-----xcc
POST  namespace-mesh-hosts            >-x-x-xdd  >-----xdd
GET   owners                          >xxxxxxss
POST  owners                          >xxxxxxdd
GET   cluster-owners                  >xxxxxxss
POST  cluster-owners                  >xxxxxxdd
POST  cluster-owners-try              >xxxxxxdd
"""
"""Clusters, namespaces, their owners and their foreign objects."""

CATALOGUE = """
GET   catalogue                       >s
GET   catalogue-new                   >xxxxxxss
POST  catalogue-new                   >xxxxxxdd
GET   catalogue-edit                  >xxxxxxss
POST  catalogue-edit                  >xxxxxxdd
POST  catalogue-retire                >xxxxxxdd
"""
"""The catalogue."""

AUDIT = """
GET   audit                           >s
GET   audit-csv                       >s
GET   audit-ndjson                    >s
POST  audit-verify                    >xxxxxddd
GET   audit-event                     >s         >-s-s-sss  >-----sss
"""
"""The audit trail."""

PUBLIC = """
GET   healthz                         s
GET   api-root                        r
GET   api-schema                      s
GET   api-docs                        s
GET   style                           >-
POST  style                           >-
GET   style-toast                     >-
POST  style-toast                     >-
"""
"""Programs, the style guide of the demo, and the description of the API."""

TABLES = (CLUSTERS, CATALOGUE, AUDIT, PUBLIC)
