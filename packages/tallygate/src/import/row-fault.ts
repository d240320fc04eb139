/** Why a record is set aside. It never leaves this folder: it becomes the reason beside the record. */
export class RowFault extends Error {}
