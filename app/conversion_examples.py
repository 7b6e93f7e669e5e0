"""Examples of answers about conversions for the API description; all of them fictitious."""

from typing import Any

from app.examples import KEY, KNOWN

CONSENT: dict[str, Any] = {
    "text": "BauGB: die Zustimmung „gilt als erteilt, wenn sie nicht binnen drei Monaten nach Eingang des Ersuchens "
    "der Genehmigungsbehörde verweigert wird“ (BGBl. 2025 I Nr. 257).",
    "paragraph": "§ 36a Abs. 1 BauGB",
    "url": "https://www.recht.bund.de/bgbl/1/2025/257/VO.html",
    "published": "2025-10-29",
}
CLOCK: dict[str, Any] = {
    "state": "open",
    "sentence": "Die Frist läuft.",
    "next_warning": "2026-12-02",
    "current": {
        "received_on": "2026-09-30",
        "consent": "p36a",
        "law_version": "P31_3_V2",
        "consent_deadline": "2027-01-13",
        "consent_deadline_moved": "2027-01-13",
        "bwi_deadline": "2027-01-06",
        "warnings": ["2026-12-02", "2026-12-16", "2026-12-30"],
        "legal_review": False,
        "citations": [CONSENT],
    },
    "earlier": [],
}
CONVERSION_ASSESSMENT: dict[str, Any] = {
    **KNOWN,
    "on": "2026-11-20",
    "land_on": "2026-11-20",
    "language": "de",
    "route": "B31_3",
    "law_version": "P31_3_V2",
    "law_version_name": "§ 31 Abs. 3 BauGB in der Fassung vom 30. Oktober 2025",
    "legal_review": False,
    "involvement": "check",
    "involvement_sentence": "Es ist zu prüfen, ob die Behörde für Wirtschaft einzubeziehen ist.",
    "reasons": [
        {
            "code": "level_duty",
            "params": {},
            "sentence": "Der Masterplan Industrie 2023 verlangt, die Behörde für Wirtschaft „in Verfahren zur "
            "Befreiung nach dem Baulandmobilisierungsgesetz“ einzubeziehen, wenn "
            "Arbeitsstättenflächen abweichend von der Handreichung umgenutzt oder in der Nutzbarkeit "
            "beeinträchtigt werden (Handlungsfeld 1 Nr. 1 Abs. 2 Satz 3).",
        },
        {
            "code": "land_touched",
            "params": {"m2": 12000, "designations": "GE"},
            "sentence": "Betroffen sind 12.000 m² Arbeitsstättenflächen (GE).",
        },
    ],
    "conditions": [
        {
            "name": "consent",
            "title": "Beteiligung der Gemeinde",
            "outcome": "unknown",
            "reason": {
                "code": "consent_requested",
                "params": {"consent": "p36a", "months": 3, "received": "2026-09-30"},
                "sentence": "Nötig ist: Zustimmung nach § 36a BauGB. Das Ersuchen ging am 30. "
                "September 2026 ein; Frist in Monaten: 3. Ob zugestimmt wird, entscheiden "
                "Menschen.",
            },
            "citation": CONSENT,
        }
    ],
    "district": "Bergedorf",
    "affected": [
        {
            "parcel": KEY,
            "designation": "GE",
            "m2": 12000,
            "workplace": "met",
            "private_marketable": "not_met",
            "in_port": False,
        }
    ],
    "affected_m2": 12000,
    "impaired": {
        "outcome": "unknown",
        "reasons": [
            {
                "code": "plants_not_recorded",
                "params": {},
                "sentence": "Anlagen sind nicht erfasst: Abstände zu Betrieben lassen sich nicht prüfen.",
            }
        ],
        "left_off": 0,
    },
    "neighbours": [
        {
            "kind": "workplace",
            "name": "Beispielplan 2 (fiktiv)",
            "designation": "GI",
            "distance_m": 100.0,
            "outcome": "not_met",
            "findings": [
                {
                    "criterion": "noise",
                    "title": "Lärm zwischen alter und neuer Nutzung",
                    "outcome": "not_met",
                    "reason": {
                        "code": "land_far_enough",
                        "params": {
                            "name": "Beispielplan 2 (fiktiv)",
                            "distance_m": 100.0,
                            "limit_m": 100.0,
                            "designation": "GI",
                        },
                        "sentence": "Beispielplan 2 (fiktiv) (GI) liegt 100 m entfernt; geprüft wird bis 100 m.",
                    },
                    "citations": [
                        {
                            "text": "Vorschlag dieses Dienstes: Wohnen näher als 100 m an "
                            "Gewerbe- und Industrieflächen wird geprüft; so weit reicht "
                            "die kleinste Klasse (VII) des Abstandserlasses NRW.",
                            "paragraph": None,
                            "url": "https://www.hamburg.de/masterplan-industrie/",
                            "published": "2013-01-01",
                        }
                    ],
                }
            ],
        }
    ],
    "guidance": {
        "result": "silent",
        "because": "no_rules",
        "sentence": "Für diesen Tag ist keine Regel einer Handreichung hinterlegt: der Fall ist zu prüfen.",
        "demonstration": False,
        "document": None,
        "version": None,
        "rule": None,
        "page": None,
        "wording": None,
        "missing": [],
        "otherwise": [],
        "undecided": [],
    },
    "series": [
        {
            "id": 3,
            "reference": "BE/WBZ/01111/2026",
            "route": "B31_3",
            "decision": None,
            "decision_on": None,
            "plan": "Beispielplan 1 (fiktiv)",
            "designation": "GE",
        }
    ],
    "consent_deadline": "2027-01-13",
    "consent_deadline_moved": "2027-01-13",
    "bwi_deadline": "2027-01-06",
    "clock": CLOCK,
    "effect": {
        "net_ha": 1.125,
        "free_ha": 1.125,
        "unclear_ha": 0.0,
        "net_ha_before": 98.7654,
        "net_ha_after": 97.6404,
        "free_ha_before": 90.1,
        "free_ha_after": 88.975,
        "target_ha": 100.0,
        "state_before": "below",
        "state_after": "below",
        "stock_ha": 1.2,
        "stock_unclear_ha": 0.0,
    },
    "authority": "Behörde für Wirtschaft, Arbeit und Innovation",
    "rules_version": "1-0123456789ab",
    "citations": [
        {
            "text": "Masterplan Industrie 2023: „In Verfahren zur Befreiung nach dem "
            "Baulandmobilisierungsgesetz ist die Behörde für Wirtschaft und Innovation einzubeziehen, "
            "wenn Arbeitsstättenflächen abweichend vom aktuellen Stand der Handreichung der Behörde "
            "für Stadtentwicklung und Wohnen zur Anwendung des neuen Paragraphen 31 Abs. 3 BauGB "
            "umgenutzt oder in der Nutzbarkeit beeinträchtigt werden.“",
            "paragraph": "Handlungsfeld 1 Nr. 1 Abs. 2 Satz 3",
            "url": "https://www.hamburg.de/masterplan-industrie/",
            "published": "2023-01-01",
        }
    ],
}
CONVERSION_KEPT: dict[str, Any] = {
    "number": 1,
    "version": 1,
    "at": "2026-11-20T12:00:00Z",
    "assessment": CONVERSION_ASSESSMENT,
}
CONVERSION: dict[str, Any] = {
    "id": 17,
    "reference": "BE/WBZ/02345/2026",
    "created_at": "2026-11-20T12:00:00Z",
    "on": "2026-11-20",
    "known_at": "2026-11-20T12:00:00Z",
    "state": "open",
    "versions": [
        {
            "number": 1,
            "recorded_at": "2026-11-20T12:00:00Z",
            "note": "Eingang beim Bezirk",
            "route": "B31_3",
            "planning": "bplan",
            "purpose": "housing",
            "cases": "single",
            "environment": "not_significant",
            "housing_share": 0.4,
            "district": "Bergedorf",
            "site": {"parcels": [KEY], "geometry": None},
            "application_on": "2026-08-03",
            "request_received_on": "2026-09-30",
            "hearing": {"months": None, "days": 14},
            "decision_on": None,
            "decision": None,
        }
    ],
    "clock": CLOCK,
    "assessments": [CONVERSION_KEPT],
}
CONVERSIONS: dict[str, Any] = {
    "on": "2026-11-20",
    "known_at": "2026-11-20T12:00:00Z",
    "cases": [
        {
            "id": 17,
            "reference": "BE/WBZ/02345/2026",
            "created_at": "2026-11-20T12:00:00Z",
            "state": "open",
            "route": "B31_3",
            "purpose": "housing",
            "district": "Bergedorf",
            "application_on": "2026-08-03",
            "request_received_on": "2026-09-30",
            "decision_on": None,
            "involvement": "check",
            "legal_review": False,
            "law_version": "P31_3_V2",
            "clock": "open",
            "consent_deadline": "2027-01-13",
            "bwi_deadline": "2027-01-06",
        }
    ],
    "next": None,
}
