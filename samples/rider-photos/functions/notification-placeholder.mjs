// NotificationPlaceholder: words the message that a rider would be sent. It sends nothing.
//
//   event    anything; { errorInfo: { Error, Cause } } when the workflow caught an error, where
//            Cause is the JSON text that Lambda returned for it
//   returns  { messageToSend: { title, message } }, both empty without errorInfo
//   throws   SyntaxError when Cause is not JSON

export async function handler(event) {
  if (!event?.errorInfo) {
    return { messageToSend: { title: '', message: '' } };
  }
  const { Error: title, Cause } = event.errorInfo;
  return { messageToSend: { title, message: JSON.parse(Cause).errorMessage } };
}
