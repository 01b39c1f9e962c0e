import Alert from "@cloudscape-design/components/alert";

export function NotFound() {
  return (
    <Alert type="info" header="No such page">
      The address is not one of this console. Press Control and K to find a page.
    </Alert>
  );
}
