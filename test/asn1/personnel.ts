import {
  explicit,
  implicit,
  sequence,
  sequenceOf,
  set,
  smallInteger,
  visibleString,
  withDefault,
} from '../../asn1/index.ts';

const name = implicit(
  { class: 'application', number: 1 },
  sequence({ givenName: visibleString, initial: visibleString, familyName: visibleString }),
);
const employeeNumber = implicit({ class: 'application', number: 2 }, smallInteger());
const date = implicit({ class: 'application', number: 3 }, visibleString);
const childInformation = set({ name, dateOfBirth: explicit(0, date) });

/** The type that X.690 defines in annex A.1. */
export const personnelRecord = implicit(
  { class: 'application', number: 0 },
  set({
    name,
    title: explicit(0, visibleString),
    number: employeeNumber,
    dateOfHire: explicit(1, date),
    nameOfSpouse: explicit(2, name),
    children: withDefault(implicit(3, sequenceOf(childInformation)), []),
  }),
);

/** The BER that X.690 gives in annex A.3 for the value in annex A.2. */
export const personnelRecordBer = `
  60 81 85
    61 10 1A 04 4A6F686E 1A 01 50 1A 05 536D697468
    A0 0A 1A 08 4469726563746F72
    42 01 33
    A1 0A 43 08 3139373130393137
    A2 12 61 10 1A 04 4D617279 1A 01 54 1A 05 536D697468
    A3 42
      31 1F 61 11 1A 05 52616C7068 1A 01 54 1A 05 536D697468
            A0 0A 43 08 3139353731313131
      31 1F 61 11 1A 05 537573616E 1A 01 42 1A 05 4A6F6E6573
            A0 0A 43 08 3139353930373137`;
