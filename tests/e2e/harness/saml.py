"""A SAML identity provider: its metadata, and responses that it signs. Signatures are made by signxml, or xmlsec.

    python -m harness.saml FOLDER

writes the signed documents that the tests in Rust read, with keys made for the purpose and thrown away.
"""

import base64
import datetime
import pathlib
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from lxml import etree
import xmlsec
from signxml import CanonicalizationMethod, DigestAlgorithm, SignatureMethod, SignatureReference, XMLSigner

AWS = "https://aws.amazon.com/SAML/Attributes/"
SIGN_IN = "https://signin.aws.amazon.com/saml"
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
PLACEHOLDER = '<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Id="placeholder"/>'
EXCLUSIVE = CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0


class LegacySigner(XMLSigner):
    """Signs with SHA-1 as well, which no provider should."""

    def check_deprecated_methods(self):
        pass


def new_key(kind="RSA"):
    if kind == "RSA":
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return ec.generate_private_key({"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1()}[kind])


def new_certificate(key):
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "idp.example.com")])
    # It has expired long ago: nobody looks.
    begin = datetime.datetime(2015, 1, 1)
    return (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
            .serial_number(7).not_valid_before(begin).not_valid_after(begin + datetime.timedelta(days=365))
            .sign(key, hashes.SHA256()))


class Provider:
    def __init__(self, entity_id="https://idp.example.com/saml", kind="RSA"):
        self.entity_id = entity_id
        self.kind = kind
        self.rotate()

    def rotate(self):
        self.key = new_key(self.kind)
        self.certificate = new_certificate(self.key)

    def metadata(self, valid_until=None, certificates=None):
        keys = "".join(
            '<md:KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>'
            + base64.encodebytes(certificate.public_bytes(serialization.Encoding.DER)).decode()
            + "</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
            for certificate in certificates or [self.certificate])
        until = f' validUntil="{valid_until}"' if valid_until else ""
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            '<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" '
            f'xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID="{self.entity_id}"{until}>\n'
            '<md:IDPSSODescriptor WantAuthnRequestsSigned="false" '
            'protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">\n'
            f"{keys}\n"
            "<md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:persistent</md:NameIDFormat>\n"
            '<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" '
            f'Location="{self.entity_id}/sso"/>\n'
            f"</md:IDPSSODescriptor>\n<!-- {'.' * 500} -->\n</md:EntityDescriptor>\n")

    def xml(self, attributes=(), *, sign=("assertion",), now=None, subject="ben", status=SUCCESS, recipient=SIGN_IN,
            audience="urn:amazon:webservices", age=0, lasts=300, begins=0, session_lasts=28800, issuer=None,
            signature=None, digest=DigestAlgorithm.SHA256, method=EXCLUSIVE, prefixes=None, key=None,
            name_format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"):
        """A response. `sign`: what of it is signed. `attributes`: pairs of a name and its values. With `prefixes`, which
        signxml does not write rightly, xmlsec signs."""
        now = now or datetime.datetime.now(datetime.timezone.utc)

        def at(seconds):
            return (now + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"

        said = "".join(
            f'<saml:Attribute Name="{name}" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri">'
            + "".join(f'<saml:AttributeValue xmlns:xs="http://www.w3.org/2001/XMLSchema" '
                      'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="xs:string">'
                      f"{value}</saml:AttributeValue>" for value in values)
            + "</saml:Attribute>" for name, values in attributes)
        audiences = (f"<saml:AudienceRestriction><saml:Audience>{audience}</saml:Audience></saml:AudienceRestriction>"
                     if audience else "")
        issuer = issuer or self.entity_id
        assertion = f"""<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_assertion"
    IssueInstant="{at(-age)}" Version="2.0">
  <saml:Issuer>{issuer}</saml:Issuer>{PLACEHOLDER if "assertion" in sign else ""}
  <saml:Subject>
    <saml:NameID Format="{name_format}">{subject}</saml:NameID>
    <saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">
      <saml:SubjectConfirmationData NotOnOrAfter="{at(lasts)}" Recipient="{recipient}"/>
    </saml:SubjectConfirmation>
  </saml:Subject>
  <saml:Conditions NotBefore="{at(begins)}" NotOnOrAfter="{at(lasts)}">{audiences}</saml:Conditions>
  <saml:AuthnStatement AuthnInstant="{at(0)}" SessionNotOnOrAfter="{at(session_lasts)}">
    <saml:AuthnContext>
      <saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef>
    </saml:AuthnContext>
  </saml:AuthnStatement>
  <saml:AttributeStatement>{said}</saml:AttributeStatement>
</saml:Assertion>"""

        if signature is None:
            signature = {"RSA": SignatureMethod.RSA_SHA256, "P-256": SignatureMethod.ECDSA_SHA256,
                         "P-384": SignatureMethod.ECDSA_SHA384}[self.kind]

        def signed(text, name):
            signer = LegacySigner(signature_algorithm=signature, digest_algorithm=digest, c14n_algorithm=method)
            root = signer.sign(etree.fromstring(text), key=key or self.key, cert=[self.certificate],
                               reference_uri=[SignatureReference(URI="#" + name, c14n_method=method)], id_attribute="ID")
            return etree.tostring(root, encoding="unicode")

        def signed_with_prefixes(text, name):
            root = etree.fromstring(text)
            template = xmlsec.template.create(root, xmlsec.Transform.EXCL_C14N, xmlsec.Transform.RSA_SHA256, ns="ds")
            placeholder = root.find("{http://www.w3.org/2000/09/xmldsig#}Signature")
            root.replace(placeholder, template)
            reference = xmlsec.template.add_reference(template, xmlsec.Transform.SHA256, uri="#" + name)
            xmlsec.template.add_transform(reference, xmlsec.Transform.ENVELOPED)
            transform = xmlsec.template.add_transform(reference, xmlsec.Transform.EXCL_C14N)
            xmlsec.template.transform_add_c14n_inclusive_namespaces(transform, prefixes)
            pem = self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                         serialization.NoEncryption())
            context = xmlsec.SignatureContext()
            context.key = xmlsec.Key.from_memory(pem, xmlsec.KeyFormat.PEM)
            context.register_id(root, "ID")
            context.sign(template)
            return etree.tostring(root, encoding="unicode")

        if prefixes:
            signed = signed_with_prefixes

        if "assertion" in sign:
            assertion = signed(assertion, "_assertion")
        response = f"""<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:xml2="urn:x" ID="_response"
    IssueInstant="{at(0)}" Version="2.0" Destination="{recipient}">
  <saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">{issuer}</saml:Issuer>{PLACEHOLDER if "response" in sign else ""}
  <samlp:Status><samlp:StatusCode Value="{status}"/></samlp:Status>
  {assertion}
</samlp:Response>"""
        return signed(response, "_response") if "response" in sign else response

    def response(self, *arguments, **options):
        return encode(self.xml(*arguments, **options))


def encode(xml):
    return base64.b64encode(xml.encode()).decode()


CANONICAL = {
    "names": '<a:x xmlns:a="u:a" xmlns:b="u:b" xmlns="u:d"><y b:q="1" a:q="2" q="3" z="&lt;&quot;&#9;&#10;&#13;\'&gt;"/>'
             '<b:y xmlns:b="u:c"><b:z xmlns:b="u:b"/><a:z/></b:y></a:x>',
    "default": '<x xmlns="u:a"><y xmlns=""><z/><w xmlns="u:a"/></y><v xmlns="u:b"><u xmlns="u:a"/></v></x>',
    "text": '<x>a &amp; b &lt; c &gt; d &#13; "e" <![CDATA[<f> & ]]>\r\n\tg<!-- h -->i é 😀 &#x1F600;</x>',
    "xml": '<x xml:lang="en"><y xml:space="preserve" xml:lang="de"> </y></x>',
    "order": '<x xmlns:b="u:1" xmlns:a="u:2" b:m="1" a:m="2" b:a="3" m="4" a="5" B="6"/>',
    "same": '<a:x xmlns:a="u:a" xmlns:b="u:a"><b:y a:p="1" b:q="2"/></a:x>',
    "empty": "<x ><y   a = '1'\n b='2' /></x >",
    "comments": "<x><!--one--><y><!-- two --></y></x>",
}


def write(folder):
    """Everything of one moment, so that tests with a clock of their own can use it."""
    folder = pathlib.Path(folder)
    folder.mkdir(exist_ok=True)
    for name, text in CANONICAL.items():
        root = etree.fromstring(text)
        for kind, options in {"plain": {}, "comments": {"with_comments": True},
                              "prefixes": {"inclusive_ns_prefixes": ["b", "xs"]}}.items():
            options = {"with_comments": False} | options
            written = etree.tostring(root, method="c14n", exclusive=True, **options)
            (folder / f"canonical-{name}.{kind}").write_bytes(written)
        (folder / f"canonical-{name}.xml").write_bytes(text.encode())
    now = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.timezone.utc)
    said = [(AWS + "RoleSessionName", ["ben"]),
            (AWS + "Role", ["arn:aws:iam::111122223333:role/Web,arn:aws:iam::111122223333:saml-provider/Corp"])]
    own = Provider()
    (folder / "metadata.xml").write_text(own.metadata())
    (folder / "metadata-of-another.xml").write_text(Provider().metadata())
    for name, options in {
        "assertion": {}, "response": {"sign": ["response"]}, "both": {"sign": ["assertion", "response"]},
        "unsigned": {"sign": []},
        "sha384": {"signature": SignatureMethod.RSA_SHA384, "digest": DigestAlgorithm.SHA384},
        "sha512": {"signature": SignatureMethod.RSA_SHA512, "digest": DigestAlgorithm.SHA512},
        "prefixes": {"prefixes": ["xs", "xsi", "saml"]},
        "prefixes-of-response": {"prefixes": ["xs", "xml2", "#default"], "sign": ["response"]},
        "comments": {"method": CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0_WITH_COMMENTS,
                     "subject": "b<!-- not e -->en"},
        "commented": {"subject": "admin<!---->.evil"},
        "refused-sha1": {"signature": SignatureMethod.RSA_SHA1},
        "refused-sha1-digest": {"digest": DigestAlgorithm.SHA1},
        "refused-inclusive": {"method": CanonicalizationMethod.CANONICAL_XML_1_0},
        "refused-pss": {"signature": SignatureMethod.SHA256_RSA_MGF1},
    }.items():
        (folder / f"{name}.xml").write_text(own.xml(said, now=now, **options))
    for kind in ["P-256", "P-384"]:
        other = Provider(kind=kind)
        (folder / f"metadata-{kind}.xml").write_text(other.metadata())
        (folder / f"signed-{kind}.xml").write_text(other.xml(said, now=now))


if __name__ == "__main__":
    write(sys.argv[1])
